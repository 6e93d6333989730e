# prepare.sh - what kubeadm wants of any host; runs on the host, as root, with V, CP, W1, W2 and CONTAINERD set.
swapoff -a
sed -i '/ swap /s/^[^#]/#&/' /etc/fstab
printf 'overlay\nbr_netfilter\n' > /etc/modules-load.d/k8s.conf
modprobe overlay
modprobe br_netfilter
cat > /etc/sysctl.d/k8s.conf <<S
net.ipv4.ip_forward=1
net.bridge.bridge-nf-call-iptables=1
net.bridge.bridge-nf-call-ip6tables=1
S
sysctl --system >/dev/null 2>&1 || true
test "$(cat /proc/sys/net/ipv4/ip_forward /proc/sys/net/bridge/bridge-nf-call-iptables | tr -d '\n')" = 11
grep -q ' cp1$' /etc/hosts || printf '%s cp1\n%s w1\n%s w2\n' "$CP" "$W1" "$W2" >> /etc/hosts
