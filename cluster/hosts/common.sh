# Read by the scripts beside it. Three hosts as network namespaces: PREFIX-node1..3 = 10.77.0.1..3, joined by a bridge
# in a namespace of its own, PREFIX-switch. Everything lies inside the namespaces, so beds of different prefixes do not meet.
prefix=${RENORM_HOSTS_PREFIX:-rn}
here=$(cd "$(dirname "$0")" && pwd)
nodes="1 2 3"
switch=$prefix-switch
scratch=${TMPDIR:-/tmp}/$prefix-hosts
export RENORM_HOSTS_PREFIX=$prefix

namespace() { echo "$prefix-node$1"; }

exists() { [ -e "/run/netns/$1" ]; }

# 77: the status by which test drivers know "cannot be tried here".
refuse() { echo "cluster/hosts: cannot make hosts here: $*" >&2; exit 77; }

wrong() { echo "cluster/hosts: $*" >&2; exit 64; }

# Ends what runs on the hosts and takes all away; harmless where there is nothing, or only half.
take_down() {
  for name in $(for i in $nodes; do namespace "$i"; done) "$switch"; do
    exists "$name" || continue
    # The processes of this namespace only.
    ip netns pids "$name" 2>/dev/null | while read -r pid; do kill -9 "$pid" 2>/dev/null; done
    ip netns del "$name" 2>/dev/null
  done
  rm -rf "$scratch"
}

# node2, 2 or 10.77.0.2 as 2.
number() {
  case $1 in
    node[123] | 10.77.0.[123] | [123]) echo "${1: -1}" ;;
    *) wrong "no host is called '$1' (node1, node2, node3)" ;;
  esac
}

require_up() {
  exists "$(namespace 1)" && exists "$(namespace 2)" && exists "$(namespace 3)" || wrong "the hosts are not up: $here/up"
}

# on N COMMAND...: runs it on host N, with a hostname, session directory and shared memory segments of its own.
on() {
  local i=$1; shift
  mkdir -p "$scratch/node$i"
  exec ip netns exec "$(namespace "$i")" unshare --uts --ipc \
    sh -c 'hostname "$1"; TMPDIR=$2; export TMPDIR; shift 2; exec "$@"' sh "node$i" "$scratch/node$i" "$@"
}
