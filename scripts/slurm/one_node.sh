#!/usr/bin/env bash
# Tries study.sbatch on a Slurm of one node, which it starts and stops itself in a folder of its own: an array shares a study,
# one task is killed, the others get the signal of a time limit that is too short, come back with 75 and are queued again; in
# the end the folder is what one process makes of it.
# Usage: one_node.sh PROGRAM   (77: not root, or Debian's slurm-wlm and munge are not installed)
set -euo pipefail
program=$(realpath "$1")
here=$(cd "$(dirname "$0")" && pwd)
for need in munged slurmctld slurmd sbatch pgrep; do
    PATH=$PATH:/usr/sbin command -v $need >/dev/null || { echo "one_node.sh: no $need here" >&2 && exit 77; }
done
[ "$(id -u)" -eq 0 ] || { echo "one_node.sh: root is needed" >&2 && exit 77; }
PATH=$PATH:/usr/sbin

place=$(mktemp -d)
started=()
stop() {
    scancel --user=root 2>/dev/null && sleep 1
    for pid in "${started[@]}"; do kill "$pid" 2>/dev/null || true; done
    wait 2>/dev/null || true
    rm -rf "$place"
}
trap stop EXIT
chmod 755 "$place"
cd "$place"

# ---- the cluster ----
mkdir munge state spool
head -c 128 /dev/urandom >munge/key
chmod 700 munge
chmod 400 munge/key
munged --foreground --force --key-file=munge/key --socket="$place/munge.socket" --pid-file="$place/munged.pid" \
    --log-file="$place/munged.log" --seed-file="$place/munge/seed" >/dev/null 2>&1 &
started+=($!)
cat >slurm.conf <<END
ClusterName=one
SlurmctldHost=$(hostname -s)(127.0.0.1)
SlurmUser=root
AuthType=auth/munge
AuthInfo=socket=$place/munge.socket,cred_expire=5
CredType=cred/munge
SlurmctldPort=16817
SlurmdPort=16818
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
MpiDefault=none
ReturnToService=2
JobRequeue=1
KillWait=5
AccountingStorageType=accounting_storage/none
SlurmdParameters=config_overrides
SchedulerParameters=batch_sched_delay=0,sched_interval=2
StateSaveLocation=$place/state
SlurmdSpoolDir=$place/spool
SlurmctldPidFile=$place/slurmctld.pid
SlurmdPidFile=$place/slurmd.pid
SlurmctldLogFile=$place/slurmctld.log
SlurmdLogFile=$place/slurmd.log
NodeName=$(hostname -s) NodeAddr=127.0.0.1 CPUs=4 RealMemory=4000 State=UNKNOWN
PartitionName=main Nodes=ALL Default=YES MaxTime=INFINITE State=UP
END
# slurmd wants to see control groups, even where it is told not to use them
if [ -f /sys/fs/cgroup/cgroup.controllers ]; then
    printf 'CgroupPlugin=cgroup/v2\nIgnoreSystemd=yes\n' >cgroup.conf
else
    printf 'CgroupPlugin=cgroup/v1\nCgroupMountpoint=/sys/fs/cgroup\n' >cgroup.conf
fi
export SLURM_CONF=$place/slurm.conf
slurmctld -D -f slurm.conf >/dev/null 2>&1 &
started+=($!)
slurmd -D -f slurm.conf >/dev/null 2>&1 &
started+=($!)
for _ in $(seq 60); do
    [ "$(sinfo --noheader --format=%t 2>/dev/null)" != idle ] || break
    sleep 0.5
done
if [ "$(sinfo --noheader --format=%t)" != idle ]; then
    echo "one_node.sh: the node did not come up" >&2
    tail -n 5 ./*.log >&2
    exit 1
fi

# ---- a study of a few dozen pieces, each some seconds ----
"$program" synth --preset two-layer --size 64,64,96 --seed 3 --fib-ratio 0 -o sample --quiet >/dev/null
cat >study.yaml <<END
version: 1
methods: [threshold, kmeans]
subsample: 100000
conduct: {pore: 1, cbd: 0.12}
samples:
  - {name: one, grey: sample/grey.tif, truth: sample/truth.tif}
  - {name: two, grey: sample/grey.tif, truth: sample/truth.tif, seed: 2}
cell: {current: [6, 12], crop: 6}
END
"$program" run study.yaml -o straight --quiet --threads 2 >/dev/null

running() { # processes of the tasks
    pgrep -f "^$program run $place/study.yaml" || true
}

VOXELYTE=$program sbatch --quiet --time=1 --signal=TERM@50 --array=0-2 --cpus-per-task=1 --mem=1000 "$here/study.sbatch" "$place/study.yaml" "$place/shared"
sleep 4
victim=$(running | head -n 1) && kill -KILL "$victim" && echo "killed process $victim"
for _ in $(seq 240); do
    [ -n "$(squeue --noheader)" ] || break
    sleep 1
done
if [ -n "$(squeue --noheader)" ]; then
    echo "one_node.sh: still in the queue" >&2
    squeue >&2
    exit 1
fi
# the task that was killed is not queued again by itself: the folder is complete if the others were, else the same job is
if [ ! -f shared/manifest.json ]; then
    VOXELYTE=$program sbatch --quiet --wait --array=0 --cpus-per-task=2 --mem=1000 "$here/study.sbatch" "$place/study.yaml" "$place/shared" || true
fi
grep -h '^task' voxelyte-*.log | sort | uniq -c
if ! grep -q 'exit code 75' voxelyte-*.log; then
    echo "one_node.sh: nobody came back with 75, the signal was not seen" >&2
    exit 1
fi
"$program" diff straight shared
if find shared \( -name '*.part-*' -o -name '*.lock' -o -name '*.checkpoint' \) | grep .; then
    echo "one_node.sh: that was left behind" >&2
    exit 1
fi
echo "one_node.sh: three tasks shared the study, and left what one process leaves"
