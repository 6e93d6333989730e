# runtime.sh - containerd with systemd's cgroups; after apt-host.sh or dnf-host.sh.
containerd config default > /etc/containerd/config.toml
sed -i 's/SystemdCgroup = false/SystemdCgroup = true/' /etc/containerd/config.toml
grep -q 'SystemdCgroup = true' /etc/containerd/config.toml
systemctl enable --now containerd
systemctl restart containerd
systemctl is-active containerd
