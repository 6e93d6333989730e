# dnf-host.sh - containerd and kubeadm on CentOS 8 and Rocky 9; after prepare.sh.
docker=https://download.docker.com/linux k8s=https://pkgs.k8s.io/core:/stable:/v${V%.*}/rpm
setenforce 0
sed -i 's/^SELINUX=enforcing/SELINUX=permissive/' /etc/selinux/config
for p in 6443/tcp 2379-2380/tcp 10250/tcp 10257/tcp 10259/tcp 30000-32767/tcp 8472/udp 4789/udp 9100/tcp; do
  firewall-cmd --permanent --add-port=$p
done
for s in 10.244.0.0/16 10.96.0.0/12; do firewall-cmd --permanent --zone=trusted --add-source=$s; done
firewall-cmd --permanent --add-masquerade
firewall-cmd --reload
[ ! -f /etc/centos-release ] ||
  sed -i -e 's/^mirrorlist/#mirrorlist/' -e 's|^#baseurl=http://mirror.centos.org|baseurl=http://vault.centos.org|' /etc/yum.repos.d/CentOS-*.repo
dnf -y install iptables conntrack-tools socat iproute-tc container-selinux tar yum-utils
dnf config-manager --add-repo $docker/centos/docker-ce.repo
# docker-ce's failure of 2020 and its cure, the RPM by hand; elsewhere the repository has what is needed
if [ -f /etc/centos-release ]; then
  rpm=containerd.io-$CONTAINERD-1.el8.x86_64.rpm
  ! dnf -y install docker-ce > /tmp/e 2>&1
  grep -q 'nothing provides containerd.io >= 1.2.2-3 needed by docker-ce' /tmp/e
  curl -fsSL -O --output-dir /tmp "$docker/rhel/8/x86_64/stable/Packages/$rpm"
  rpm --import $docker/centos/gpg
  rpm -K "/tmp/$rpm"
  dnf -y install "/tmp/$rpm"
else
  dnf -y install containerd.io
fi
cat > /etc/yum.repos.d/kubernetes.repo <<R
[kubernetes]
name=Kubernetes
baseurl=$k8s/
enabled=1
gpgcheck=1
repo_gpgcheck=1
gpgkey=$k8s/repodata/repomd.xml.key
exclude=kubelet kubeadm kubectl cri-tools kubernetes-cni
R
dnf -y install --disableexcludes=kubernetes "kubelet-$V" "kubeadm-$V" "kubectl-$V" cri-tools
systemctl enable kubelet
