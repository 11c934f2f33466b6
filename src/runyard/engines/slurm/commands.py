"""What is asked of the login node: one file of shell functions that is laid into the folder, so that each question is one call
of one line, whatever the account's login shell is.

It needs a POSIX shell and Slurm's commands. Arguments are data and never read as code; secrets come by standard input. The
first argument is what to do, `$1` then the folder, `$2` Slurm's configuration or empty.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping

from runyard.engines.slurm.parsing import NODES_FORMAT, SACCT_FORMAT, SINFO_FORMAT, SQUEUE_FORMAT
from runyard.engines.slurm.script import LAST_LINE

REMOVED, CAME_SHORT = 90, 91
BETWEEN = "--\n"  # two lists in one answer
_DO: Mapping[str, str] = {
    # $3: run id, $4: name of the job, $5: file of the runner. Standard input: the job's file in one line, then the script.
    # What was begun and not seen to end is looked for first. A second call for the same run waits for the first.
    "submit": f"""
umask 077
[ -s "$1/$5" ] || exit {REMOVED}
mkdir -p "$1/jobs/$3" && cd "$1/jobs/$3" || exit 1
exec 9> submit.lock
if command -v flock > /dev/null; then flock -w 60 9 || exit 1; fi
if [ -s engine_id ]; then cat engine_id; exit; fi
IFS= read -r document
printf '%s\\n' "$document" > job.json
cat > job.sh
[ "$(tail -n 1 job.sh)" = '{LAST_LINE}' ] || {{ echo 'The script came short.' >&2; exit {CAME_SHORT}; }}
job=
if [ -e submitting ]; then
    job=$(squeue --noheader --states=all --name="$4" --format=%i) || exit
    job=$(printf '%s\\n' "$job" | head -n 1)
fi
if [ -z "$job" ]; then
    : > submitting
    job=$(sbatch --parsable job.sh 9>&-) || exit
fi
printf '%s\\n' "${{job%%;*}}" > engine_id.new && mv engine_id.new engine_id && cat engine_id
""",
    # Standard input: a run id in each line. Prints `name job`.
    "find": """
lost=
while read -r run; do
    place="$1/jobs/$run"
    if [ -s "$place/engine_id" ]; then
        read -r job < "$place/engine_id"
        printf '%s %s\\n' "runyard-$run" "$job"
    elif [ -e "$place/submitting" ]; then
        lost="$lost,runyard-$run"
    fi
done
[ -z "$lost" ] || squeue --noheader --states=all --name="${lost#,}" --format='%j %i'
""",
    # $3: jobs, with commas.
    "states": f"""
said=$(squeue --noheader --states=all --jobs="$3" --Format='{SQUEUE_FORMAT}' 2>&1)
code=$?
case "$code $said" in
    "0 "*) printf '%s\\n' "$said" ;;
    *"Invalid job id"*) ;;
    *) printf '%s\\n' "$said" >&2; exit 1 ;;
esac
""",
    # $3: jobs, with commas; standard input: `job run` in each line. Prints what accounting says, then `job code`.
    "forgotten": f"""
if command -v sacct > /dev/null; then
    sacct --noheader --parsable2 --allocations --jobs="$3" --format={SACCT_FORMAT} 2> /dev/null
fi
echo --
while read -r job run; do
    if read -r code < "$1/jobs/$run/ended"; then printf '%s %s\\n' "$job" "$code"; fi
done 2> /dev/null
:
""",
    # $3: job, $4: its name.
    "cancel": """
said=$(scancel --name="$4" "$3" 2>&1) || case "$said" in
    *"Invalid job id"* | *"already completing or completed"*) ;;
    *) printf '%s\\n' "$said" >&2; exit 1 ;;
esac
""",
    "tail_of": """
[ ! -e "$1/jobs/$3/slurm.out" ] || tail -c 65536 "$1/jobs/$3/slurm.out"
""",
    # $3: partition or empty. Prints nodes, then the nodes of each job.
    "nodes": f"""
sinfo --Node --noheader ${{3:+--partition="$3"}} --format='{SINFO_FORMAT}' || exit
echo --
squeue --noheader --states=RUNNING ${{3:+--partition="$3"}} --format='{NODES_FORMAT}'
""",
    "forget": """
cd "$1/jobs" && rm -rf "./$3"
""",
}

PREPARE = (
    'umask 077; cd "${HOME:-/}" && mkdir -p -- "$1/jobs" && cd "$1" || exit 1; '
    'test -O . && test -O jobs || { echo "it belongs to somebody else (Permission denied)" >&2; exit 1; }; '
    'pwd -P; for one in "$2" "$3"; do test -s "$one" && touch -c "$one" && echo "$one"; done; :'
)
"""On one line. $1: the folder, below the home folder or absolute; $2, $3: files. Prints the absolute folder, and the files
that are there."""

SCRIPT = "\n".join(
    (
        "do=$1; shift",
        '[ -z "$2" ] || export SLURM_CONF="$2"',
        # Where Slurm is not in its usual place, those who log in learn of it by their profile.
        "if ! command -v sbatch > /dev/null && [ -r /etc/profile ]; then . /etc/profile > /dev/null 2>&1; fi",
        *(f"{name}() {{{body}}}" for name, body in _DO.items()),
        '"$do" "$@"',
        "",
    )
).encode()

SCRIPT_NAME = f"slurm-{hashlib.sha256(SCRIPT).hexdigest()[:16]}.sh"
