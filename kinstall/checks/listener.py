"""The shell that makes a host answer on some ports for a while, and the shell that tries them from another host. Pure text.

The listener is stopped when all have tried, since kubeadm may want its ports next. If nobody comes to do that it goes by itself: ten
seconds after the last visitor, thirty at the most. It takes and opens nothing else: no file, no firewall. What is taken already needs
none. python3 (EL 8: platform-python), perl, socat, nc: the first that is there; bash connects.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

IDLE, LIFE, SECONDS = 10, 30, 3     # seconds: of a listener without visitors, of a listener, for one attempt
NAME: Final = "kinstall-reach"      # what pgrep -f finds it by

_PYTHON: Final = """\
import os, select, socket, sys, time
life, idle, address = float(sys.argv[2]), float(sys.argv[3]), sys.argv[4]
kinds = {"tcp": socket.SOCK_STREAM, "udp": socket.SOCK_DGRAM}
listeners = []
for word in sys.argv[5:]:
    port, protocol = word.split("/")
    s = socket.socket(socket.AF_INET, kinds[protocol])
    try:
        if protocol == "tcp":
            s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        s.bind((address, int(port)))
        if protocol == "tcp":
            s.listen(64)
    except OSError as error:
        print(word, "taken" if error.errno == 98 else "failed")
        continue
    listeners.append((s, protocol))
    print(word, "ours")
sys.stdout.flush()
if not listeners:
    sys.exit()
child = os.fork()
if child:
    print("pid", child)
    sys.exit()
os.setsid()
null = os.open(os.devnull, os.O_RDWR)
for number in (0, 1, 2):
    os.dup2(null, number)
now = time.monotonic()
end, quiet = now + life, now + idle
while now < min(end, quiet):
    ready = select.select([s for s, _ in listeners], [], [], 1)[0]
    for s, protocol in listeners:
        try:
            if s in ready and protocol == "udp":
                data, sender = s.recvfrom(64)
                s.sendto(data, sender)
            elif s in ready:
                s.accept()[0].close()
        except OSError:
            pass
    now = time.monotonic()
    quiet = now + idle if ready else quiet
"""
_PERL: Final = """\
use strict; use Socket; use POSIX ();
my ($name, $life, $idle, $address, @words) = @ARGV; $| = 1;
my @listeners;
for my $word (@words) {
  my ($port, $protocol) = split m{/}, $word; my $tcp = $protocol eq "tcp"; my $s;
  socket($s, PF_INET, $tcp ? SOCK_STREAM : SOCK_DGRAM, $tcp ? 6 : 17) or next;
  setsockopt($s, SOL_SOCKET, SO_REUSEADDR, 1) if $tcp;
  unless (bind($s, sockaddr_in($port, inet_aton($address))) && (!$tcp || listen($s, 64))) {
    print "$word ", $!{EADDRINUSE} ? "taken" : "failed", "\\n"; next;
  }
  push @listeners, [$s, $tcp]; print "$word ours\\n";
}
exit 0 if !@listeners; my $child = fork; if ($child) { print "pid $child\\n"; exit 0 } POSIX::setsid();
open STDIN, "<", "/dev/null"; open STDOUT, ">", "/dev/null"; open STDERR, ">", "/dev/null";
my ($end, $quiet) = (time + $life, time + $idle);
while (time < $end && time < $quiet) {
  my $bits = ""; vec($bits, fileno($_->[0]), 1) = 1 for @listeners;
  next unless select($bits, undef, undef, 1) > 0; $quiet = time + $idle;
  for (@listeners) {
    my ($s, $tcp) = @$_; next unless vec($bits, fileno($s), 1);
    if ($tcp) { my $c; accept($c, $s) and close $c } else { my $d; my $from = recv($s, $d, 64, 0); send($s, $d, 0, $from) if $from }
  }
}
"""
_LISTEN: Final = """\
name={name}; life={life}; idle={idle}; address={address}; words='{words}'
python=$(command -v python3 || ls /usr/libexec/platform-python 2>/dev/null)
listening() {{
  grep -qE ":$(printf %04X "${{1%/*}}") [0-9A-F]+:0000 (0A|07) " "/proc/net/${{1#*/}}" "/proc/net/${{1#*/}}6" 2>/dev/null
}}
if [ -n "$python" ]; then echo tool python; "$python" - "$name" $life $idle $address $words <<'PYTHON'
{python}PYTHON
elif command -v perl >/dev/null; then echo tool perl; perl - "$name" $life $idle $address $words <<'PERL'
{perl}PERL
else
  tool=$(command -v socat || command -v nc); echo "tool ${{tool:-none}}"
  quiet() {{ setsid timeout $life "$@" </dev/null >/dev/null 2>&1 & echo "pid $!"; }}
  for w in $words; do
    if listening "$w"; then echo "$w taken"; continue; fi
    case ${{tool##*/}}/$w in
      socat/*/tcp) quiet socat TCP-LISTEN:${{w%/*}},bind=$address,fork,reuseaddr PIPE ;;
      socat/*/udp) quiet socat UDP-RECVFROM:${{w%/*}},bind=$address,fork PIPE ;;
      nc/*/tcp) quiet nc -lk $address ${{w%/*}} ;;
    esac
    sleep 0.2; if listening "$w"; then echo "$w ours"; else echo "$w failed"; fi
  done
fi
"""


def listen(words: Sequence[str], address: str) -> str:
    """Shell that makes a host answer on these ports (6443/tcp, ...) of this address, and prints `PORT ours|taken|failed`."""
    return _LISTEN.format(name=NAME, life=LIFE, idle=IDLE, address=address, words=" ".join(words), python=_PYTHON, perl=_PERL)


def stop(pids: Sequence[int]) -> str:
    """Shell that ends the listeners that `listen` told of, if they are still those."""
    return "".join(f"grep -qsE '{NAME}|socat|nc' /proc/{pid}/cmdline && kill {pid}\n" for pid in pids) + "true\n"


_ATTEMPT: Final = f"""\
command -v bash >/dev/null || {{ echo nothing to connect with; exit; }}
attempt() {{
  if [ "$3" = tcp ]; then shell="exec 3<>/dev/tcp/$1/$2"
  else shell="exec 3<>/dev/udp/$1/$2; for n in 1 2; do echo kinstall >&3; IFS= read -r -n 1 -t 1 x <&3 && exit 0; done; exit 124"; fi
  r=0; said=$(timeout {SECONDS} bash -c "$shell" 2>&1) || r=$?
  printf 'way %s %s/%s %s %s\\n' "$1" "$2" "$3" $r "$(printf %s "$said" | tr '\\n' ' ' | cut -c 1-150)"
}}
"""


def attempt(places: Sequence[tuple[str, str]]) -> str:
    """Shell that tries these (address, port) pairs, all at once; a line `way ADDRESS PORT STATUS WORDS` each."""
    calls = "".join(f"attempt {address} {port.replace('/', ' ')} &\n" for address, port in places)
    return f"{_ATTEMPT}{calls}wait\n"
