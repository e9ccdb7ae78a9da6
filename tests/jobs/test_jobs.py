"""Jobs run if and only if what asked for them was committed, once, in order, as the one who asked."""

import asyncio
import datetime as dt
import time
from typing import Any

import pytest
import sqlalchemy as sa
from job_workers import at_work
from job_world import ONCE, a_queue, ask_for, queued, until, waiting
from prometheus_client import REGISTRY

from lma_graph.kernel.errors import Conflict, Unavailable
from lma_graph.kernel.jobs import HandBack, JobRun, Outcome, Retry, Troubled, enqueue
from lma_graph.kernel.jobs.registry import JOBS, Job, Periodic, job
from lma_graph.kernel.jobs.relay import Relay
from lma_graph.kernel.jobs.upkeep import clean
from lma_graph.kernel.viewer import Role
from lma_graph.leads.models import LeadRow


class Log:
    """A job that notes what it was given."""

    def __init__(self, name: str, **options: Any) -> None:
        self.seen: list[tuple[int, dict[str, Any]]] = []
        self.job = Job(name, self, **options)

    async def __call__(self, run: JobRun, **ids: Any) -> None:
        self.seen.append((run.viewer.user_id, ids))

    def ids(self, key: str = "number") -> list[Any]:
        return [ids[key] for _, ids in self.seen]


async def test_a_job_runs_as_the_user_who_asked_with_the_ids_given(world, owner, owner_url) -> None:
    log = Log("test.simple")
    async with at_work(owner_url, log.job):
        await ask_for(world, "test.simple", role=Role.SALES_REP, number=7, word="x", nothing=None)
        await until(lambda: log.seen)
        await until(lambda: _is_empty(owner, world))
    assert log.seen == [(world.users[Role.SALES_REP], {"number": 7, "word": "x", "nothing": None})]
    assert await queued(owner, world) == [("test.simple", "succeeded")]


async def test_a_unit_of_work_that_is_rolled_back_has_asked_for_nothing(world, owner, owner_url) -> None:
    log = Log("test.rolled_back")
    async with at_work(owner_url, log.job):
        with pytest.raises(Conflict):
            await _ask_and_fail(world)
        await ask_for(world, "test.rolled_back", number=2)
        await until(lambda: log.seen)
    assert log.ids() == [2]
    assert await queued(owner, world) == [("test.rolled_back", "succeeded")]


async def _ask_and_fail(world) -> None:
    async with world.database.unit_of_work(await world.viewer()) as unit:
        await enqueue(unit, "test.rolled_back", number=1)
        raise Conflict("no")


async def test_a_job_is_not_begun_before_its_time(world, owner, owner_url) -> None:
    log = Log("test.later")
    at = dt.datetime.now(dt.UTC) + dt.timedelta(seconds=0.6)
    async with at_work(owner_url, log.job):
        await ask_for(world, "test.later", at=at, number=1)
        await ask_for(world, "test.later", at=at + dt.timedelta(days=1), number=2)
        await ask_for(world, "test.later", number=3)
        await until(lambda: len(log.seen) == 2)
        assert dt.datetime.now(dt.UTC) >= at
        await until(lambda: _one_waits(owner, world))
    assert log.ids() == [3, 1]


async def test_two_workers_do_each_job_once(world, owner, owner_url) -> None:
    first, second = Log("test.shared"), Log("test.shared")
    async with world.database.unit_of_work(await world.viewer()) as unit:
        for number in range(300):
            await enqueue(unit, "test.shared", number=number)
    async with at_work(owner_url, first.job), at_work(owner_url, second.job):
        await until(lambda: len(first.seen) + len(second.seen) >= 300)
    assert sorted(first.ids() + second.ids()) == list(range(300))
    assert await queued(owner, world) == [("test.shared", "succeeded")] * 300


async def test_jobs_of_one_lock_run_one_after_the_other_in_their_order(world, other_world, owner_url) -> None:
    at_once, most, order = 0, 0, []

    async def slow(run: JobRun, number: int) -> None:
        nonlocal at_once, most
        mine = run.viewer.organization_id == world.organization_id
        at_once += mine
        most = max(most, at_once)
        await asyncio.sleep(0.005)
        if mine:
            order.append(number)
        at_once -= mine

    kind = Job("test.locked", slow)
    async with at_work(owner_url, kind), at_work(owner_url, kind):
        for number in range(20):
            await ask_for(world, "test.locked", lock="one", number=number)
            await ask_for(other_world, "test.locked", lock="one", number=number)
        await until(lambda: len(order) == 20)
    assert order == list(range(20))
    assert most == 1


async def test_a_failing_job_holds_back_those_behind_it(world, owner_url) -> None:
    order: list[int] = []

    async def fails_once(run: JobRun, number: int) -> None:
        if number == 1 and run.failures == 0:
            raise RuntimeError("the first time")
        order.append(number)

    async with at_work(owner_url, Job("test.held", fails_once, Retry(first_s=0.2))):
        for number in (1, 2):
            await ask_for(world, "test.held", lock="one", number=number)
        await until(lambda: len(order) == 2)
    assert order == [1, 2]


async def test_while_a_job_waits_another_of_its_key_is_not_added(world, other_world, owner, owner_url) -> None:
    log = Log("test.deduped")
    for number in range(3):
        await ask_for(world, "test.deduped", dedupe="one", number=number)
    await ask_for(world, "test.deduped", dedupe="two", number=10)
    await ask_for(other_world, "test.deduped", dedupe="one", number=20)
    async with at_work(owner_url, log.job):
        await until(lambda: len(log.seen) == 3)
        await ask_for(world, "test.deduped", dedupe="one", number=30)
        await until(lambda: len(log.seen) == 4)
        await until(lambda: _is_empty(owner, world))
    assert sorted(log.ids()) == [0, 10, 20, 30]


async def test_a_job_that_runs_does_not_keep_its_key_and_can_be_tried_again(world, owner, owner_url) -> None:
    runs, go_on = [], asyncio.Event()

    async def fails(run: JobRun) -> None:
        runs.append(run.failures)
        if len(runs) == 1:
            await go_on.wait()
            raise Unavailable("away")

    async with at_work(owner_url, Job("test.keyed", fails, Retry(first_s=0.05))):
        await ask_for(world, "test.keyed", dedupe="one")
        await until(lambda: runs)
        await ask_for(world, "test.keyed", dedupe="one")
        await until(lambda: _is_empty(owner, world))
        go_on.set()
        await until(lambda: len(runs) == 3)
    assert sorted(runs) == [0, 0, 1]
    assert await queued(owner, world) == [("test.keyed", "succeeded")] * 2


async def _is_empty(owner, world) -> bool:
    """A job may be done before the relay has crossed it off, since the two are transactions of their own."""
    return await waiting(owner, world) == []


async def _one_waits(owner, world) -> bool:
    return len(await waiting(owner, world)) == 1


def test_delays_grow_to_a_limit() -> None:
    retry = Retry(attempts=5, first_s=1, factor=10, most_s=500)
    assert [retry.delay(failures) for failures in range(1, 7)] == [1, 10, 100, 500, None, None]


class Trouble:
    """A job that fails in a given way, and what its feature was told."""

    def __init__(self, error: Exception, retry: Retry = ONCE) -> None:
        self.error = error
        self.began: list[float] = []
        self.told: list[Troubled] = []
        self.job = Job("test.trouble", self.run, retry, self.note)

    async def run(self, run: JobRun, number: int) -> None:
        del run, number
        self.began.append(time.monotonic())
        raise self.error

    async def note(self, told: Troubled) -> None:
        setting = await told.connection.fetchval("SELECT current_setting('app.organization_id')::bigint")
        assert setting == told.organization_id
        self.told.append(told)


async def ended(owner, world) -> bool:
    return [state for _, state in await queued(owner, world)] == ["failed"]


async def test_a_failing_job_is_tried_again_after_longer_and_longer(world, owner, owner_url) -> None:
    trouble = Trouble(RuntimeError("secret detail"), Retry(attempts=3, first_s=0.1, factor=4))
    before = _count("test.trouble", "retried"), _count("test.trouble", "exhausted")
    async with at_work(owner_url, trouble.job):
        await ask_for(world, "test.trouble", number=5)
        await until(lambda: ended(owner, world))
    first, second, third = trouble.began
    assert second - first >= 0.1
    assert third - second >= 0.4
    assert [told.outcome for told in trouble.told] == [Outcome.RETRIED, Outcome.RETRIED, Outcome.EXHAUSTED]
    assert [told.retry_at is None for told in trouble.told] == [False, False, True]
    assert {told.organization_id for told in trouble.told} == {world.organization_id}
    assert [told.ids for told in trouble.told] == [{"number": 5}] * 3
    assert all(told.message.startswith("Something went wrong on our side. The log has it") for told in trouble.told)
    assert (_count("test.trouble", "retried"), _count("test.trouble", "exhausted")) == (before[0] + 2, before[1] + 1)


def _count(name: str, outcome: str) -> float:
    return REGISTRY.get_sample_value("lma_jobs_total", {"job": name, "outcome": outcome}) or 0


async def test_a_domain_error_is_not_tried_again_and_is_told_in_its_own_words(world, owner, owner_url) -> None:
    trouble = Trouble(Conflict("The state has moved on."), Retry(attempts=5, first_s=0.01))
    async with at_work(owner_url, trouble.job):
        await ask_for(world, "test.trouble", number=5)
        await until(lambda: ended(owner, world))
    assert [(told.outcome, told.message) for told in trouble.told] == [(Outcome.FAILED, "The state has moved on.")]
    assert len(trouble.began) == 1


@pytest.mark.parametrize("what", ["user", "organization"])
async def test_a_job_of_somebody_who_is_gone_fails_and_says_so(what, world, owner, owner_url) -> None:
    trouble = Trouble(RuntimeError("must not run"))
    await ask_for(world, "test.trouble", role=Role.MANAGER, number=1)
    gone = {"user": world.users[Role.MANAGER], "organization": world.organization_id}[what]
    await owner.execute(f"UPDATE {what}s SET is_active = false WHERE id = $1", gone)
    async with at_work(owner_url, trouble.job):
        await until(lambda: ended(owner, world))
    assert trouble.began == []
    assert [(told.outcome, told.message) for told in trouble.told] == [
        (Outcome.FAILED, "The user for whom this was to run is no longer active, or their organization is not.")
    ]


async def test_a_user_deactivated_in_the_middle_is_noticed_at_the_next_unit_of_work(world, owner, owner_url) -> None:
    parts: list[int] = []
    told: list[Troubled] = []

    async def in_parts(run: JobRun) -> None:
        for part in range(3):
            async with run.unit_of_work() as unit:
                await unit.rows(sa.text("SELECT 1"))
                parts.append(part)
            await owner.execute("UPDATE users SET is_active = false WHERE id = $1", run.viewer.user_id)

    async def note(trouble: Troubled) -> None:
        told.append(trouble)

    async with at_work(owner_url, Job("test.parts", in_parts, on_trouble=note)):
        await ask_for(world, "test.parts", role=Role.MANAGER)
        await until(lambda: told)  # the job uses the owner's connection meanwhile
    assert parts == [0]
    assert [one.outcome for one in told] == [Outcome.FAILED]


async def test_a_job_sees_and_changes_its_own_organization_only(world, other_world, owner, owner_url) -> None:
    mine, theirs = await world.lead(first_name="Mine"), await other_world.lead(first_name="Theirs")
    counts: list[int] = []

    async def rename(run: JobRun, lead_id: int) -> None:
        async with run.unit_of_work() as unit:
            # without a condition on the organization: row security alone has to hold
            changed = await unit.rows(
                sa.update(LeadRow).where(LeadRow.id == lead_id).values(first_name="Changed").returning(LeadRow.id)
            )
            counts.append(len(changed))

    async with at_work(owner_url, Job("test.rename", rename)):
        await ask_for(world, "test.rename", lock="order", lead_id=theirs.id)
        await ask_for(world, "test.rename", lock="order", lead_id=mine.id)
        await until(lambda: len(counts) == 2)
    assert counts == [0, 1]
    names = await owner.fetch("SELECT first_name FROM leads WHERE id = ANY ($1) ORDER BY id", [mine.id, theirs.id])
    assert [row["first_name"] for row in names] == ["Changed", "Theirs"]


class Interrupted(Relay):
    """Ends between handing over and forgetting."""

    async def _forget(self, *_: Any) -> None:
        raise ConnectionResetError


async def test_a_relay_that_dies_before_it_has_forgotten_hands_nothing_over_twice(world, owner, owner_url) -> None:
    log = Log("test.relayed")
    for number in range(3):
        await ask_for(world, "test.relayed", lock="one", number=number)
    async with a_queue(owner_url) as queue:
        with pytest.raises(ConnectionResetError):
            await Interrupted(queue, 1)._organization(world.organization_id)
    assert len(await queued(owner, world)) == len(await waiting(owner, world)) == 3
    async with at_work(owner_url, log.job):
        await until(lambda: len(log.seen) == 3)
        await until(lambda: _is_empty(owner, world))
    assert log.ids() == [0, 1, 2]
    assert await queued(owner, world) == [("test.relayed", "succeeded")] * 3


async def test_a_job_of_an_unknown_name_waits_for_a_worker_that_knows_it(world, owner, owner_url) -> None:
    late = Log("test.newer")
    async with at_work(owner_url, Log("test.older").job):
        await ask_for(world, "test.newer", number=1)
        await until(lambda: _is_empty(owner, world))
        assert await queued(owner, world) == [("test.newer", "todo")]
        await until(lambda: REGISTRY.get_sample_value("lma_jobs_waiting", {"job": "test.newer"}) == 1)
    async with at_work(owner_url, late.job):
        await until(lambda: late.seen)
        await until(lambda: REGISTRY.get_sample_value("lma_jobs_waiting", {"job": "test.newer"}) == 0)


async def test_a_stopping_worker_lets_jobs_finish_and_begins_none(world, owner, owner_url) -> None:
    began: list[int] = []
    done: list[int] = []

    async def brief(run: JobRun, number: int) -> None:
        began.append(number)
        await run.stop.wait()
        await asyncio.sleep(0.05)
        done.append(number)

    async with at_work(owner_url, Job("test.brief", brief)):
        for number in range(2):
            await ask_for(world, "test.brief", lock="one", number=number)
        await until(lambda: began)
    assert (began, done) == ([0], [0])
    assert await queued(owner, world) == [("test.brief", "succeeded"), ("test.brief", "todo")]


@pytest.mark.parametrize("polite", [True, False])
async def test_a_stopping_worker_hands_back_what_is_not_done(polite, world, owner, owner_url) -> None:
    runs: list[int] = []

    async def endless(run: JobRun) -> None:
        runs.append(run.failures)
        if len(runs) == 1:
            await run.stop.wait()
            if polite:
                raise HandBack
            await asyncio.Event().wait()

    kind = Job("test.endless", endless, ONCE)
    async with at_work(owner_url, kind):
        await ask_for(world, "test.endless")
        await until(lambda: runs)
    assert await queued(owner, world) == [("test.endless", "todo")]
    async with at_work(owner_url, kind):
        await until(lambda: len(runs) == 2)
    assert runs == [0, 0]
    assert await queued(owner, world) == [("test.endless", "succeeded")]


async def test_periodic_work_is_done_once_at_each_time_by_however_many_workers(owner_url) -> None:
    seen: list[float] = []

    async def tick(connection: Any) -> None:
        assert await connection.fetchval("SELECT current_user") == "lma_app"
        seen.append(time.time())

    clock = Periodic("test.clock", "* * * * * *", tick)
    began = time.time()
    async with at_work(owner_url, periodic=[clock]), at_work(owner_url, periodic=[clock]):
        await until(lambda: len(seen) >= 3)
    assert len(seen) <= time.time() - began + 2


async def test_old_jobs_and_events_are_dropped_and_others_kept(world, owner, owner_url) -> None:
    log = Log("test.old")
    async with at_work(owner_url, log.job), a_queue(owner_url) as queue:
        for number in range(2):
            await ask_for(world, "test.old", lock="one", number=number)
        await until(lambda: len(log.seen) == 2)
        await until(lambda: _all_succeeded(owner, world))
        await owner.execute(
            "UPDATE procrastinate.procrastinate_events SET at = at - interval '3 days' WHERE job_id ="
            " (SELECT min(id) FROM procrastinate.procrastinate_jobs WHERE (args ->> 'organization')::bigint = $1)",
            world.organization_id,
        )
        for age in ("40 days", "2 days"):
            await owner.execute(
                "INSERT INTO outbox_events (organization_id, name, created_at)"
                " VALUES ($1, $2, now() - $2::text::interval)",
                world.organization_id,
                age,
            )
        async with queue.connection() as connection:
            await clean(connection)
    assert await queued(owner, world) == [("test.old", "succeeded")]
    left = await owner.fetch("SELECT name FROM outbox_events WHERE organization_id = $1", world.organization_id)
    assert [row["name"] for row in left] == ["2 days"]


async def _all_succeeded(owner, world) -> bool:
    return {state for _, state in await queued(owner, world)} == {"succeeded"}


async def test_the_queue_is_not_open_to_other_roles(owner) -> None:
    granted = await owner.fetch(
        "SELECT DISTINCT grantee FROM information_schema.table_privileges WHERE table_schema = 'procrastinate'"
    )
    assert {row["grantee"] for row in granted} - {"postgres"} == {"lma_app"}
    open_functions = await owner.fetch(
        "SELECT proname FROM pg_proc WHERE pronamespace = 'procrastinate'::regnamespace"
        " AND has_function_privilege('public', oid, 'EXECUTE')"
    )
    assert open_functions == []


def test_there_is_one_function_for_a_name() -> None:
    async def nothing(run: JobRun) -> None:
        del run

    job("test.twice")(nothing)
    try:
        with pytest.raises(ValueError, match=r"^There are two jobs of the name test\.twice\.$"):
            job("test.twice")(nothing)
    finally:
        del JOBS["test.twice"]
