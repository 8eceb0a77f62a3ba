"""Where the members of a sweep are solved: processes of this machine, the ranks of mpiexec, or a dask cluster.

All three are one interface of the standard library, `concurrent.futures.Executor`, so a sweep has one loop:

* locally `ProcessPoolExecutor`: kept by the people who keep Python, nothing to install, and it says when a process died.
  loky adds respawning and pickled closures; here a pool is made again with a few lines and members are plain functions.
* under mpiexec `mpi4py.futures.MPICommExecutor`: the first process hands out members, the others solve them; mpi4py is
  there anyway, and a batch job on many nodes needs nothing else.
* by address `dask.distributed`, whose client gives an executor of the same interface: clusters that come and go, workers
  on other machines.  An optional extra (`pip install crstream[ensemble]`); start its workers with `--nthreads 1`.

joblib, ray and parsl were the other candidates: the first has no MPI, the other two want to own the deployment.
"""

import multiprocessing
import os
import signal
import sys
import threading
from concurrent.futures import Executor, Future, ProcessPoolExecutor
from contextlib import contextmanager
from types import ModuleType

from solver.errors import DeckError, Fault
from solver.launcher import launched


class Engine:
    """An executor with the number of members it can have at work at once.  `renew` gives a new one after a death."""

    def __init__(self, executor, slots, name):
        self.executor, self.slots, self.name = executor, slots, name

    def submit(self, function, *arguments):
        return self.executor.submit(function, *arguments)

    def renew(self):
        raise NotImplementedError(f"{self.name}: a process that dies takes all others with it")

    def abandon(self):
        """End what is at work without waiting for it."""
        self.executor.shutdown(wait=False, cancel_futures=True)


class Local(Engine):
    """Fresh processes of this machine (spawn: MPI and PETSc must not be forked), one core each."""

    def __init__(self, slots):
        super().__init__(None, slots, f"{slots} process{'es' if slots > 1 else ''}")
        self.renew()

    def renew(self):
        if self.executor is not None:
            self.executor.shutdown(wait=True, cancel_futures=True)
        self.before = set(multiprocessing.active_children())
        context = multiprocessing.get_context("spawn")
        self.executor = ProcessPoolExecutor(self.slots, mp_context=context, initializer=_begin)

    def submit(self, function, *arguments):
        # Processes start here.  Born with SIGINT blocked, they cannot be hit by a Ctrl-C before they ignore it; and as they
        # need nothing of the script that called, they shall not run it again: nobody has to write `if __name__ == …`.
        mask = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
        script, sys.modules["__main__"] = sys.modules["__main__"], ModuleType("__main__")
        try:
            return super().submit(function, *arguments)
        finally:
            sys.modules["__main__"] = script
            signal.pthread_sigmask(signal.SIG_SETMASK, mask)
            if len(self._processes()) == self.slots:                       # all are there: none will need it from here
                self._only_processes_answer()

    def abandon(self):
        super().abandon()
        for child in self._processes():
            child.kill()
        self._only_processes_answer()

    def _processes(self):
        return set(multiprocessing.active_children()) - self.before

    def _only_processes_answer(self):
        """Close this process's own way into the pipe of results.

        Only so does a process that dies amidst a result, killed or out of memory, leave an end of the pipe and not a reader
        that waits for the other half for ever (the standard library's pool, as of Python 3.13, keeps it open).
        """
        answers = getattr(self.executor, "_result_queue", None)
        if answers is not None:
            answers._writer.close()


class Here(Executor):
    """No process but this one: every member is solved when it is submitted."""

    def submit(self, function, /, *arguments, **options):
        future: Future = Future()
        try:
            future.set_result(function(*arguments, **options))
        except Exception as error:
            future.set_exception(error)
        return future


def _begin():
    """In a new process: Ctrl-C is for the parent to answer, and without a parent there is nothing to live for."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    parent = multiprocessing.parent_process()
    if parent is not None:
        threading.Thread(target=lambda: (parent.join(), os._exit(1)), daemon=True).start()


@contextmanager
def engine(workers=None, address=None, members=1):
    """The Engine for a sweep of `members`; None on a process of mpiexec that has done its share of the work.

    workers: how many processes of this machine, by default one per core; 0 solves all in this process.  address: of a
    dask scheduler ("tcp://host:8786").  Under mpiexec its processes are used.  DeckError for a request that cannot be met.
    """
    if address is not None:
        with _dask(address) as found:
            yield found
    elif (world := world_of_ranks()) is not None and world.size > 1:
        if workers is not None:
            raise DeckError([Fault("--workers", str(workers), "under mpiexec", "its processes are used: mpiexec -n")])
        from mpi4py.futures import MPICommExecutor

        with MPICommExecutor(world, root=0) as executor:
            yield None if executor is None else Engine(executor, world.size - 1, f"{world.size - 1} of {world.size} ranks")
    elif workers == 0 or world is not None:
        yield Engine(Here(), 1, "this process")
    else:
        with _one_thread_each():
            local = Local(min(workers or cores(), max(members, 1)))
            try:
                yield local
            except BaseException:
                local.abandon()
                raise
            finally:
                local.executor.shutdown(wait=True, cancel_futures=True)


def world_of_ranks():
    """mpi4py's world where a launcher started this process, else None: alone, MPI need not be started."""
    if not launched() or multiprocessing.parent_process() is not None:
        return None
    from mpi4py import MPI

    return MPI.COMM_WORLD


def cores():
    """Cores this process may use."""
    try:
        return len(os.sched_getaffinity(0))
    except AttributeError:                                                 # not Linux
        return os.cpu_count() or 1


@contextmanager
def _one_thread_each():
    """Members are what runs in parallel: the linear algebra of each keeps to one thread, unless told otherwise."""
    before = os.environ.get("OMP_NUM_THREADS")
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    try:
        yield
    finally:
        if before is None:
            del os.environ["OMP_NUM_THREADS"]


@contextmanager
def _dask(address):
    try:
        from distributed import Client
    except ImportError:
        raise DeckError([Fault("--address", address, "dask.distributed is not installed",
                               "pip install crstream[ensemble]")]) from None
    try:
        client = Client(address, timeout="10s", set_as_default=False)
    except (OSError, ValueError, RuntimeError) as error:
        raise DeckError([Fault("--address", address, f"no scheduler answers ({error})",
                               "start one with dask-scheduler, and its workers with --nthreads 1")]) from None
    with client:
        slots = max(sum(client.nthreads().values()), 1)
        yield Engine(client.get_executor(retries=0), slots, f"{slots} dask workers at {address}")
