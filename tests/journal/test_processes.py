"""The recorder and its sender as real processes: forks, spawns, kills, ends of all kinds."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import time
from pathlib import Path

import pytest

from runyard.client.journal.folder import JournalFolder, journals
from runyard.client.journal.processes import ProcessMark, is_alive
from runyard.client.journal.sender.others import CLAIM, Claim
from runyard.client.journal.writer import JournalWriter
from runyard.entities.journal import NewRun, PointRecord, RunChange
from tests.journal.standin import StandIn
from tests.journal.trainers import RUN, trained, trainer, wait_for

DEAD = ProcessMark(2**22 - 1, 1)
NOT_YET = re.compile(r"Runyard: ([\d,]+ records are|1 record is) not sent yet …")
ALL_SENT = re.compile(r"Runyard: everything is sent \(\d+\.\d s\)\.")


def line(process: subprocess.Popen[str]) -> str:
    """The next line that a trainer writes."""
    assert process.stdout is not None
    return process.stdout.readline().strip()


def the_folder(home: Path) -> JournalFolder:
    """The only journal."""
    (found,) = journals(home)
    return found


def sender_of(folder: JournalFolder) -> int:
    """The process that sends a journal."""
    wait_for(lambda: folder.read(CLAIM, Claim) is not None, "a sender")
    found = folder.read(CLAIM, Claim)
    assert found is not None
    return found.process.pid


def empty(home: Path) -> None:
    """Wait until everything was sent and removed."""
    try:
        wait_for(lambda: not list(home.iterdir()), "an empty home")
    except AssertionError:
        left = {str(path): path.read_bytes()[:500] for path in home.rglob("*") if path.is_file()}
        raise AssertionError(f"not empty: {left or list(home.iterdir())}") from None


def end(process: subprocess.Popen[str]) -> None:
    """kill -9, and read what is left."""
    process.kill()
    process.communicate()


def test_a_process_that_ends_has_sent_everything(home: Path, standin: StandIn) -> None:
    standin.tokens = {"secret-token"}
    output = trained(
        standin,
        """
        recorder = recorder_for(target)
        recorder.append(NewRun(RUN, "0"))
        for step in range(1000):
            recorder.append(point(step))
        recorder.append(RunChange(RUN, 3, 1))
        """,
    )
    assert standin.steps() == list(range(1000))
    progress = [
        one for one in output.splitlines() if NOT_YET.match(one)
    ]  # where it took longer than a second
    last = [one for one in output.splitlines() if one not in progress]
    assert last == [] if not progress else len(last) == 1 and ALL_SENT.fullmatch(last[0]), output
    empty(home)


def test_a_single_point_arrives_soon(home: Path, standin: StandIn) -> None:
    process = trainer(
        standin,
        """
        recorder = recorder_for(target)
        recorder.append(point(0))
        for line in range(1, 4):
            time.sleep(0.7)
            recorder.append(point(line))
            began = time.monotonic()
            while recorder.sent < recorder.seq:
                time.sleep(0.005)
            print(time.monotonic() - began, flush=True)
        """,
    )
    waits = [float(line(process)) for _ in range(3)]
    process.communicate()
    assert min(waits) < 0.35


def test_a_killed_trainer_loses_nothing_and_its_run_is_told_dead(home: Path, standin: StandIn) -> None:
    process = trainer(
        standin,
        """
        recorder = recorder_for(target)
        recorder.append(NewRun(RUN, "0"))
        print("go", flush=True)
        for step in range(10**9):
            recorder.append(point(step))
            if step % 1000 == 0:
                print(step, flush=True)
        """,
    )
    line(process)
    while int(line(process)) < 20_000:
        pass
    process.kill()
    last = [int(text) for text in process.communicate()[0].split() if text.isdigit()][-1:] or [20_000]
    empty(home)
    steps = standin.steps()
    assert steps == list(range(len(steps)))
    assert len(steps) > last[0]
    assert "ended without ending the run" in standin.beats[-1]["ended"]
    assert standin.beats[-1]["runs"] == [RUN]


def test_a_killed_sender_is_started_again_and_doubles_nothing(home: Path, standin: StandIn) -> None:
    process = trainer(
        standin,
        """
        recorder = recorder_for(target)
        for step in range(300):
            recorder.append(point(step))
            time.sleep(0.005)
        """,
    )
    wait_for(lambda: len(standin.steps()) > 20, "the first points")
    first = sender_of(the_folder(home))
    os.kill(first, signal.SIGKILL)
    process.communicate(timeout=30)
    assert process.returncode == 0
    assert standin.steps() == list(range(300))


def test_the_sender_outlives_ctrl_c_to_the_whole_group(home: Path, standin: StandIn) -> None:
    standin.down()
    process = trainer(
        standin,
        """
        recorder = recorder_for(target)
        recorder.append(point(0))
        print("go", flush=True)
        time.sleep(60)
        """,
        RUNYARD_DRAIN_S="0.2",
    )
    line(process)
    sender = sender_of(the_folder(home))
    os.killpg(process.pid, signal.SIGINT)
    process.communicate(timeout=20)
    os.kill(sender, 0)
    standin.up()
    wait_for(lambda: standin.steps() == [0], "the point")


def test_a_server_that_is_away_holds_the_end_up_no_longer_than_the_limit_and_no_pipe_open(
    home: Path, standin: StandIn
) -> None:
    standin.down()
    began = time.monotonic()
    output = trained(
        standin,
        """
        recorder = recorder_for(target)
        for step in range(10):
            recorder.append(point(step))
        print(threading.active_count() < 5)
        """,
        RUNYARD_DRAIN_S="1.5",
    )
    assert time.monotonic() - began < 15
    assert "10 records are not sent yet" in output
    assert str(home) in output
    assert "`runyard sync`" in output
    standin.up()
    wait_for(lambda: standin.steps() == list(range(10)), "the points, by a sender that went on")
    empty(home)


def test_a_sender_gives_up_in_the_end_and_the_next_process_sends_it(home: Path, standin: StandIn) -> None:
    standin.down()
    trained(
        standin,
        "recorder_for(target).append(point(1))",
        RUNYARD_DRAIN_S="2",  # time for the sender to begin and to try
        RUNYARD_LINGER_S="0",
    )
    folder = the_folder(home)
    claim = folder.read(CLAIM, Claim)
    wait_for(lambda: claim is None or not is_alive(claim.process), "the end of the sender")
    standin.up()
    time.sleep(0.3)
    assert standin.steps() == []
    trained(standin, "recorder_for(target).append(point(2))")
    wait_for(lambda: standin.steps() == [1, 2], "both points")
    empty(home)


def test_what_a_killed_pair_left_behind_is_sent_while_the_next_process_still_runs(
    home: Path, standin: StandIn
) -> None:
    standin.down()
    process = trainer(
        standin,
        """
        recorder = recorder_for(target)
        recorder.append(NewRun(RUN, "0"))
        recorder.append(point(1))
        print("go", flush=True)
        time.sleep(60)
        """,
    )
    line(process)
    os.kill(sender_of(the_folder(home)), signal.SIGKILL)
    end(process)
    old = the_folder(home)
    wait_for(lambda: old.ended, "the end of the trainer")
    claim = old.read(CLAIM, Claim)
    if claim is not None and is_alive(claim.process):  # the link was quick to start another
        os.kill(claim.process.pid, signal.SIGKILL)
    standin.up()
    process = trainer(
        standin,
        """
        recorder_for(target).append(point(2))
        print("go", flush=True)
        time.sleep(60)
        """,
    )
    line(process)
    wait_for(lambda: standin.steps() == [1, 2], "both points")
    wait_for(lambda: not old.path.exists(), "the old journal to go")
    assert [one["runs"] for one in standin.beats if one.get("ended")] == [[RUN]]
    end(process)


def test_what_another_user_left_behind_is_not_sent_with_this_ones_rights(
    home: Path, standin: StandIn
) -> None:
    old = JournalFolder.create(home, standin.url, "", 1, offline=False)
    writer = JournalWriter(old)
    writer.append(PointRecord(RUN, "loss", 0.5, 1, 1))
    writer.close()
    old.write(CLAIM, Claim("", DEAD, "somebody else"))
    trained(standin, "recorder_for(target).append(point(2))")
    wait_for(lambda: [one.id for one in journals(home)] == [old.id], "the end of the second journal")
    time.sleep(0.5)
    assert standin.steps() == [2]
    standin.principal = "somebody else"
    trained(standin, "recorder_for(target).append(point(3))")
    wait_for(lambda: standin.steps() == [1, 2, 3], "the first point, with its own user's rights")


def test_a_forked_child_has_a_journal_of_its_own_and_the_parents_is_untouched(
    home: Path, standin: StandIn
) -> None:
    trained(
        standin,
        """
        recorder = recorder_for(target)
        recorder.append(NewRun(RUN, "0"))
        children = []
        for number in range(1, 4):
            pid = os.fork()
            if pid == 0:
                assert recorder.seq == 0
                for step in range(100):
                    recorder.append(point(number * 1000 + step))
                sys.exit(0)
            children.append(pid)
            for step in range(100):
                recorder.append(point((number - 1) * 100 + step))
        for pid in children:
            assert os.waitpid(pid, 0)[1] == 0
        recorder.append(RunChange(RUN, 3, 1))
        """,
    )
    wanted = [*range(300), *(number * 1000 + step for number in range(1, 4) for step in range(100))]
    wait_for(lambda: len(standin.steps()) == len(wanted), "all points")
    assert standin.steps() == wanted
    assert len(standin.records) == 4
    empty(home)
    assert not [one for one in standin.beats if one.get("ended")]


def test_a_fork_while_other_threads_log_never_hangs(home: Path, standin: StandIn) -> None:
    trained(
        standin,
        """
        recorder = recorder_for(target)
        stop = threading.Event()
        counts = [0] * 4
        def log(number):
            while not stop.is_set():
                recorder.append(point(number * 1_000_000 + counts[number]))
                counts[number] += 1
        threads = [threading.Thread(target=log, args=(number,)) for number in range(4)]
        for thread in threads: thread.start()
        for child in range(30):
            pid = os.fork()
            if pid == 0:
                signal.alarm(20)
                recorder.append(point(-1 - child))
                recorder.take_news(); recorder.flush(0)
                os._exit(0)
            assert os.waitpid(pid, 0)[1] == 0, child
        stop.set()
        for thread in threads: thread.join()
        print("total", sum(counts))
        """,
        timeout_s=60,
    )
    wait_for(lambda: len([one for one in standin.steps() if one < 0]) == 30, "a point of each child", 60)
    steps = standin.steps()
    assert len(set(steps)) == len(steps)


@pytest.mark.parametrize("method", ["fork", "spawn", "forkserver"])
def test_children_of_multiprocessing(home: Path, standin: StandIn, tmp_path: Path, method: str) -> None:
    module = tmp_path / "work_of_children.py"
    module.write_text(
        """
import sys
from runyard.client.journal.recorder import recorder_for
from runyard.client.journal.target import Target
from runyard.entities.journal import PointRecord
def work(number):
    recorder = recorder_for(Target(sys.argv[1], token=lambda: "secret-token"))
    for step in range(50):
        recorder.append(PointRecord("a" * 32, "loss", 1.0, 1, number * 1000 + step))
    return number
"""
    )
    trained(
        standin,
        f"""
        sys.path.insert(0, {str(tmp_path)!r})
        from work_of_children import work
        if __name__ == "__main__":
            context = multiprocessing.get_context({method!r})
            recorder_for(target).append(NewRun(RUN, "0"))
            children = [context.Process(target=work, args=(number,)) for number in range(3)]
            for child in children: child.start()
            for child in children: child.join()
            assert [child.exitcode for child in children] == [0, 0, 0]
            with context.Pool(2) as pool:
                assert pool.map(work, range(3, 7)) == [3, 4, 5, 6]
        """,
        timeout_s=60,
        PYTHONPATH=f"{Path(__file__).parents[2] / 'src'}:{tmp_path}",
    )
    wanted = [number * 1000 + step for number in range(7) for step in range(50)]
    wait_for(lambda: standin.steps() == wanted, "all points", 30)
    empty(home)
    assert not [one for one in standin.beats if one.get("ended") and one["runs"]]


def test_the_trainer_has_no_child_that_it_did_not_start(home: Path, standin: StandIn) -> None:
    trained(
        standin,
        """
        recorder = recorder_for(target)
        recorder.append(point(0))
        assert recorder.flush(20).sent
        try:
            os.wait()
        except ChildProcessError:
            pass
        else:
            raise AssertionError("a child that nobody knows")
        """,
    )


def test_a_daemon_thread_that_logs_to_the_end_loses_nothing(home: Path, standin: StandIn) -> None:
    output = trained(
        standin,
        """
        recorder = recorder_for(target)
        last = 0
        def log():
            global last
            step = 0
            while True:
                recorder.append(point(step))
                last = step
                step += 1
                time.sleep(0.0005)
        threading.Thread(target=log, daemon=True).start()
        time.sleep(0.5)
        print(last)
        """,
    )
    last = int(output.split()[0])
    wait_for(lambda: not list(journals(home)), "no journal")  # one that was just begun has no records
    steps = standin.steps()
    assert steps == list(range(len(steps)))
    assert len(steps) > last


def test_what_is_logged_by_handlers_at_the_very_end_is_sent(home: Path, standin: StandIn) -> None:
    trained(
        standin,
        """
        import atexit
        atexit.unregister(__import__("runyard.client.journal.recorder", fromlist=["x"]).drain_all)
        recorder = recorder_for(target)
        atexit.register(lambda: recorder.append(RunChange(RUN, 3, 1)))
        atexit.register(__import__("runyard.client.journal.recorder", fromlist=["x"]).drain_all)
        recorder.append(NewRun(RUN, "0"))
        """,
    )
    empty(home)
    assert standin.all() == [NewRun(RUN, "0"), RunChange(RUN, 3, 1)]


def test_offline_nothing_is_sent_and_the_way_is_told(home: Path, standin: StandIn) -> None:
    output = trained(
        standin,
        """
        recorder = recorder_for(Target("", offline=True))
        recorder.append(point(0))
        state = recorder.flush(5, progress=True)
        assert (state.sent, state.waiting) == (False, 1)
        """,
    )
    assert "1 record" in output
    assert "`runyard sync`" in output
    folder = the_folder(home)
    assert folder.ended
    assert folder.read(CLAIM, Claim) is None
    assert standin.log == []


def test_where_no_process_can_be_started_a_thread_sends(home: Path, standin: StandIn) -> None:
    trained(
        standin,
        """
        sys.executable = "/bin/false"
        recorder = recorder_for(target)
        recorder.append(NewRun(RUN, "0"))
        for step in range(100):
            recorder.append(point(step))
        assert recorder.flush(30).sent
        recorder.append(RunChange(RUN, 3, 1))
        """,
    )
    assert standin.steps() == list(range(100))
    assert standin.all()[-1] == RunChange(RUN, 3, 1)


def test_the_token_is_nowhere_on_disk_nor_in_the_process_list(home: Path, standin: StandIn) -> None:
    process = trainer(
        standin,
        """
        recorder = recorder_for(target)
        recorder.append(point(0))
        print("go", flush=True)
        time.sleep(60)
        """,
    )
    line(process)
    standin.tokens = {"secret-token"}
    sender = sender_of(the_folder(home))
    shown = Path(f"/proc/{sender}/cmdline").read_bytes() + Path(f"/proc/{sender}/environ").read_bytes()
    wait_for(lambda: standin.steps() == [0], "the point")
    stored = b"".join(path.read_bytes() for path in home.rglob("*") if path.is_file())
    end(process)
    assert b"secret-token" not in shown + stored


def test_a_trainer_that_leaves_its_folder_and_closes_its_pipes_logs_on(home: Path, standin: StandIn) -> None:
    trained(
        standin,
        """
        os.environ["RUNYARD_JOURNAL"] = os.path.relpath(os.environ["RUNYARD_JOURNAL"])
        recorder = recorder_for(target)
        recorder.append(point(0))
        os.chdir("/")
        for step in range(1, 50):
            recorder.append(point(step))
        assert recorder.flush(20).sent
        """,
    )
    assert standin.steps() == list(range(50))


def test_a_program_that_makes_itself_a_daemon_logs_on(home: Path, standin: StandIn) -> None:
    """It closes every file that it does not know."""
    trained(
        standin,
        """
        recorder = recorder_for(target)
        recorder.append(point(0))
        assert recorder.flush(20).sent
        os.closerange(3, 256)
        for step in range(1, 50):
            recorder.append(point(step))
        """,
    )
    wait_for(lambda: standin.steps() == list(range(50)), "all points")
    empty(home)


def test_a_stopped_trainer_holds_no_sender_up(home: Path, standin: StandIn) -> None:
    process = trainer(
        standin,
        """
        recorder = recorder_for(target)
        recorder.append(point(0))
        recorder.flush(20)
        for step in range(1, 2000):
            recorder.append(point(step))
        print("go", flush=True)
        time.sleep(60)
        """,
    )
    line(process)
    os.kill(process.pid, signal.SIGSTOP)
    wait_for(lambda: len(standin.steps()) == 2000, "all points")
    os.kill(process.pid, signal.SIGCONT)
    end(process)
