"""What is looked at on a host, as POSIX shell: one function a section, and what they share. Data for kinstall/diagnosis/collecting.py.

`t SECONDS COMMAND...` runs with a timeout, `log UNIT` reads a journal since the step began, `first` drops repetitions.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

PRELUDE: Final = r"""
has() { command -v "$1" >/dev/null 2>&1; }
t() { if has timeout; then timeout -k 1 "$@"; else shift; "$@"; fi; }
since=$(( $(date +%s) - ago ))
log() { t 2 journalctl -q --no-pager -o short-unix --since "@$since" -n 4000 "$@" 2>/dev/null; }
# the first of each kind of line, and the last 40: what began it, and what still goes on
first() { awk '{ k = $0; gsub(/[0-9a-f]*[0-9][0-9a-f]*/, "#", k); if (!(k in s) && n < 120) { s[k] = 1; n++; print } else l[m++ % 40] = $0 }
  END { for (i = (m > 40 ? m - 40 : 0); i < m; i++) print l[i % 40] }' | sort -s -n -k1,1; }
kube() { t 2.5 kubectl --kubeconfig /etc/kubernetes/admin.conf --request-timeout=2s "$@" 2>&1; }
"""

# templates of kubectl; `node=` says which host a line is about
_WAITS: Final = '{{with .state.waiting}}{{$p}} {{$c}} waits: {{.reason}}: {{.message}}{{"\\n"}}{{end}}'
_PODS: Final = (
    '{{range .items}}{{$p := printf "node=%v %s/%s" .spec.nodeName .metadata.namespace .metadata.name}}'
    '{{if and (ne .status.phase "Running") (ne .status.phase "Succeeded")}}{{$p}} phase {{.status.phase}}{{"\\n"}}{{end}}'
    '{{range .status.conditions}}{{if and (eq .type "PodScheduled") (eq .status "False")}}'
    '{{$p}} not scheduled: {{.message}}{{"\\n"}}{{end}}{{end}}'
    f"{{{{range .status.initContainerStatuses}}}}{{{{$c := .name}}}}{_WAITS}{{{{end}}}}"
    f"{{{{range .status.containerStatuses}}}}{{{{$c := .name}}}}{{{{$n := .restartCount}}}}{_WAITS}"
    '{{with .lastState.terminated}}{{$p}} {{$c}} restarted {{$n}} times, last ended: {{.reason}} exit code {{.exitCode}}{{"\\n"}}{{end}}'
    "{{end}}{{end}}"
)
_EVENTS: Final = (
    "{{range .items}}{{if .lastTimestamp}}{{.lastTimestamp}} {{.firstTimestamp}}"
    "{{else}}{{.metadata.creationTimestamp}} {{.metadata.creationTimestamp}}{{end}}"
    " node={{if .source.host}}{{.source.host}}{{else}}-{{end}} {{.involvedObject.namespace}}/{{.involvedObject.name}}"
    ' {{.reason}}: {{.message}}{{"\\n"}}{{end}}'
)
_NODES: Final = (
    "{{range .items}}{{$n := .metadata.name}}node={{$n}} podCIDR={{.spec.podCIDR}}"
    '{{range .spec.taints}} taint={{.key}}:{{.effect}}{{end}}{{"\\n"}}'
    '{{range .status.conditions}}{{if or (and (eq .type "Ready") (ne .status "True")) (and (ne .type "Ready") (eq .status "True"))}}'
    'node={{$n}} {{.type}}={{.status}} reason:{{.reason}} message:{{.message}}{{"\\n"}}{{end}}{{end}}{{end}}'
)
_ADMIN: Final = "[ -e /etc/kubernetes/admin.conf ] && has kubectl || return 0"
_PORTS: Final = " or ".join(f"sport = :{port}" for port in (6443, 10248, 10250, 10257, 10259, 2379, 2380, 179, 9100))
_MOUNTS: Final = "/ /boot /opt /tmp /var /var/log /var/lib/containerd /var/lib/kubelet /var/lib/etcd"

SECTIONS: Final[Mapping[str, str]] = {
    "units": r"""
for u in containerd kubelet $units; do
  t 1 systemctl show "$u" -p Id -p LoadState -p ActiveState -p SubState -p Result -p ExecMainStatus -p NRestarts | tr '\n' ' '; echo
done
[ -e /etc/kubernetes/kubelet.conf ] && echo "joined yes" || echo "joined no"
""",
    "kubelet": r"""
log -u kubelet | grep -vE -e ' I[0-9]{4} .*"(SyncLoop|Killing|Observed|Attempting to register|operationExecutor|MountVolume)' \
  -e 'systemd\[1\]: (Start|Stop)|Scheduled restart|Consumed ' \
  | grep -E ': [EWF][0-9]{4} | I[0-9]{4} .*([Ee]vict|[Ss]wap)|failed|[Ee]rror|panic|fatal|systemd' | first
""",
    "containerd": r"""
log -u containerd | grep -vE 'level=(info|debug)|systemd\[1\]: (Start|Stop)|Scheduled restart|Consumed ' | first
# why it did not start as it should may have been said before the step began; but what an earlier process said, is not so any more
i=$(t 1 systemctl show containerd -p InvocationID | cut -d= -f2)
[ -n "$i" ] && t 2 journalctl -q --no-pager -o short-unix -b "_SYSTEMD_INVOCATION_ID=$i" -n 3000 | grep -v 'level=info' \
  | grep -E 'level=fatal|failed to (load|unmarshal)|^[0-9.]+ \S+ containerd\[[0-9]+\]: containerd: ' | tail -n 20
""",
    "output": r"""
for u in $units; do log -u "$u" | tail -n 100; done
""",
    "kernel": r"""
log -k | grep -E -e 'Out of memory|oom-kill|Killed process|apparmor="DENIED"|avc:  denied|_REJECT|bad checksum|I/O error' \
  -e 'EXT4-fs error|XFS .*(error|corruption)|Remounting filesystem|blocked for more than|table full|hung_task' | first
[ -r /var/log/audit/audit.log ] && t 1 tail -n 3000 /var/log/audit/audit.log | grep 'avc:  denied' | tail -n 5
""",
    "crictl": r"""
has crictl || return 0
t 2 crictl -r unix:///run/containerd/containerd.sock -t 2s ps -a 2>&1 | head -n 60
""",
    "logs": r"""
t 1 find /var/log/pods -name '*.log' -mmin "-$(( ago / 60 + 2 ))" | head -n 40 | while read -r f; do
  n=${f#/var/log/pods/}; c=${n#*/}; c=${c%%/*}; p=${n%%/*}; ns=${p%%_*}; p=${p#*_}; p=${p%_*}
  t 1 tail -n 500 "$f" | grep -E -e ' (E|F)[0-9]{4} |[Ee]rror|ERROR|FATAL|[Ff]atal|panic|[Ff]ailed|denied|refused|not writable' \
    -e 'unable|cannot|level=(error|warn)|"level":"(error|fatal|warn)|took too long|loop|pod cidr|already using' \
    | sed -E "s|^([^ ]+) std(out\|err) [FP] |\1 $ns/$p/$c: |" \
    | awk 'NR <= 4 { print; next } { l[n++ % 8] = $0 } END { for (i = (n > 8 ? n - 8 : 0); i < n; i++) print l[i % 8] }'
done
""",
    "pods": rf"""
{_ADMIN}
kube get pods -A -o go-template='{_PODS}' | head -n 120
""",
    "events": rf"""
{_ADMIN}
kube get events -A --field-selector type=Warning --sort-by=.lastTimestamp -o go-template='{_EVENTS}' \
  | awk -v s="$(date -u -d "@$since" +%Y-%m-%dT%H:%M:%SZ)" '!/^[0-9]/ {{ print; next }}
    $1 >= s {{ l = $1; f = $2; $1 = $2 = ""; if (f < s) f = s; if (f != l) print f $0; print l $0 }}' | tail -n 120
""",
    "nodes": rf"""
{_ADMIN}
kube get nodes -o go-template='{_NODES}' | head -n 120
""",
    "cluster": rf"""
{_ADMIN}
grep -hoE 'server: .*' /etc/kubernetes/admin.conf
cd /etc/kubernetes/manifests || return 0
sed -nE 's/^ *- --cluster-cidr=(.*)/podSubnet: \1/p' kube-controller-manager.yaml
sed -nE 's/^ *- --service-cluster-ip-range=(.*)/serviceSubnet: \1/p; s/^ *- --advertise-address=(.*)/advertiseAddress: \1/p' \
  kube-apiserver.yaml
""",
    "packages": r"""
t 1 ps -eo pid=,etimes=,args= \
  | grep -E '[a]pt-get|[a]pt |[d]pkg|[u]nattended-upgr|[a]pt.systemd.daily|[d]nf |[r]pm |[p]ackagekitd' \
  | cut -c1-160 | sed 's/^/running /' | head -n 12
has dpkg && t 1 dpkg --audit | grep -E '^ ' | head -n 5 | sed 's/^/half-configured/'
has apt-mark && t 1 apt-mark showhold | sed 's/^/held /'
for p in containerd kubelet; do has $p && t 1 $p --version; done
has kubeadm && echo "kubeadm $(t 1 kubeadm version -o short)"
""",
    "disk": rf"""
for o in k i; do
  t 1 df -P -$o {_MOUNTS} | awk -v o=$o 'NR > 1 && !seen[$6]++ {{
    if (o == "k") printf "space %s used, %d MB free: %s (%s)\n", $5, $4 / 1024, $6, $1
    else if ($2 > 0) printf "inodes %s used, %d free: %s (%s)\n", $5, $4, $6, $1 }}'
done
awk '$2 == "/" || $2 ~ /^\/var/ {{ if ($4 ~ /(^|,)ro(,|$)/) print "read-only: " $2 }}' /proc/mounts
""",
    "memory": r"""
awk '/^(MemTotal|MemAvailable|SwapTotal):/ { printf "%s %d MB\n", $1, $2 / 1024 }' /proc/meminfo
printf 'cores %s, load ' "$(grep -c ^processor /proc/cpuinfo)"; cut -d' ' -f1-3 /proc/loadavg
grep -h full /proc/pressure/memory /proc/pressure/io
""",
    "time": r"""
echo "now $(date +%s.%N | sed 's/\.[^0-9]*$//')"
has timedatectl && t 1 timedatectl show | sed -nE 's/^(NTPSynchronized|NTP|CanNTP)=/\1 /p'
""",
    "dns": r"""
sed -nE 's/^(nameserver|search|options) /resolv.conf \1 /p' /etc/resolv.conf
f=$(sed -nE 's/^resolvConf: *"?([^"]*)"?/\1/p' /var/lib/kubelet/config.yaml)
[ -n "$f" ] && { [ -e "$f" ] && sed -nE "s|^nameserver (.*)|kubelet $f nameserver \1|p" "$f" || echo "kubelet $f is missing"; }
for n in $names; do a=$(t 2 getent ahosts "$n" | awk '!s[$1]++ { printf " %s", $1 }'); echo "lookup $n:${a:- no answer}"; done
""",
    "network": rf"""
t 1 ip -4 route show | head -n 40 | sed 's/^/route /'
t 1 ip -6 route show default | sed 's/^/route6 /'
t 1 ip -br addr show | grep -vE '^(veth|cali)' | head -n 30 | sed 's/^/address /'
t 1 ss -ltnHp '( {_PORTS} )' | awk '{{ print "listens " $4 " " $6 }}'
awk -F'[: ]+' 'NR > 2 && ($5 + $6 + $13 + $14 > 0) {{
  print "counters " $2 " receive errors " $5 " drops " $6 ", send errors " $13 " drops " $14 }}' /proc/net/dev
for x in firewalld ufw nftables; do [ "$(t 1 systemctl is-active $x)" = active ] && echo "firewall $x is active"; done
[ -e /proc/sys/net/bridge/bridge-nf-call-iptables ] && echo "br_netfilter yes" || echo "br_netfilter no"
echo "ip_forward $(cat /proc/sys/net/ipv4/ip_forward)"
ls /etc/cni/net.d | sed 's/^/cni /'
""",
    # whether packets come back at all: a refusal comes back, and other lines tell of it
    "api": r"""
f='/run/kinstall/kubeadm.yaml /etc/kubernetes/kubelet.conf'
s=$(sed -nE 's,.*(apiServerEndpoint|server): *"?(https://)?([0-9.]+:[0-9]+).*,\3,p' $f | head -n 1)
[ -z "$s" ] || { t 2 bash -c "exec 3<>/dev/tcp/${s%:*}/${s#*:}"; [ $? != 124 ] || echo "api $s gives no answer"; }
""",
    "swap": r"""
awk 'NR > 1 { print $1, $2, $3 }' /proc/swaps
""",
    "cgroup": r"""
echo "filesystem $(t 1 stat -fc %T /sys/fs/cgroup)"
has containerd && t 2 containerd config dump 2>&1 | sort -u | sed -nE \
  -e 's/^ *(SystemdCgroup|sandbox(_image)?|bin_dirs?|disabled_plugins|config_path) *= */containerd \1 = /p' -e 's/^(containerd: .*)/\1/p'
sed -nE 's/^(cgroupDriver|resolvConf|failSwapOn): */kubelet \1: /p' /var/lib/kubelet/config.yaml
[ -e /sys/fs/cgroup/cgroup.controllers ] && { grep -qw memory /sys/fs/cgroup/cgroup.controllers || echo "memory controller missing"; }
""",
    "proxy": r"""
says() { echo "$1 has $(grep -qiE "$2" && echo a || echo no) proxy"; }
{ env; cat /etc/environment /etc/profile.d/*.sh; } | says shell '^ *(export +)?https?_proxy=.'
t 1 systemctl show containerd -p Environment | says containerd 'https_proxy'
""",
}
