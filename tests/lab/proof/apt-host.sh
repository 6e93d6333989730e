# apt-host.sh - containerd and kubeadm on Debian and Ubuntu; after prepare.sh.
keyrings=/etc/apt/keyrings docker=https://download.docker.com/linux k8s=https://pkgs.k8s.io/core:/stable:/v${V%.*}/deb
. /etc/os-release
apt-get update
apt-get install -y ca-certificates curl gpg iptables conntrack socat
install -m 0755 -d $keyrings
curl -fsSL "$docker/$ID/gpg" -o $keyrings/docker.asc
echo "deb [arch=amd64 signed-by=$keyrings/docker.asc] $docker/$ID $VERSION_CODENAME stable" > /etc/apt/sources.list.d/docker.list
curl -fsSL "$k8s/Release.key" | gpg --batch --yes --dearmor -o $keyrings/kubernetes-apt-keyring.gpg
echo "deb [signed-by=$keyrings/kubernetes-apt-keyring.gpg] $k8s/ /" > /etc/apt/sources.list.d/kubernetes.list
apt-get update
apt-get install -y containerd.io "kubelet=$V-*" "kubeadm=$V-*" "kubectl=$V-*" cri-tools
apt-mark hold kubelet kubeadm kubectl
