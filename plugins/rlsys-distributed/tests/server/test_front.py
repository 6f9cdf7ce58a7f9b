"""What the front promises to programs: order, acknowledgements, refusals by name, no losses."""

from __future__ import annotations

import math
import random
import threading

import grpc
import numpy as np
import pytest
from front_server import WAIT, RawClient, trajectory

from rlsys_distributed.v1 import trainer_pb2 as pb
from rlsys_distributed.wire.calls import metadata
from rlsys_distributed.wire.spaces import Box, Discrete, MultiDiscrete, to_space
from rlsys_distributed.wire.tensors import to_tensor


@pytest.fixture
def server(serve):
    return serve()


@pytest.fixture
def raw(server):
    """Return a registered client whose model has a version."""
    client = RawClient(server.address)
    client.register()
    learner = server.learner("raw")
    learner.attach()
    learner.publish(1)
    yield client
    client.close()


def fails(call, code):
    """Return the message with which a call fails."""
    with pytest.raises(grpc.RpcError) as caught:
        call()
    assert caught.value.code() == code, caught.value.details()
    return caught.value.details()


def sequences(server, count):
    return [r.trajectory.sequence for r in server.learner("raw").records(count)]


def test_what_is_sent_is_acknowledged_and_comes_to_the_learner(server, raw):
    sent = [trajectory(n, steps=n + 1) for n in range(1, 6)]
    answers = raw.send(*sent)
    assert answers[-1].sequence == 5
    assert not any(answer.refusals for answer in answers)
    records = server.learner("raw").records(5)
    assert [record.trajectory for record in records] == sent
    assert [record.number for record in records] == [1, 2, 3, 4, 5]
    assert {(record.client_id, record.instance) for record in records} == {
        ("raw", bytes(range(16)))
    }
    assert server.status("raw").steps_received == sum(n + 1 for n in range(1, 6))


def test_trajectories_in_any_order_and_more_than_once_change_nothing(server, raw):
    order = [*range(1, 21), *range(1, 21)]
    random.Random(4).shuffle(order)
    answers = raw.send(*[trajectory(n) for n in order])
    assert answers[-1].sequence == 20
    assert [a.sequence for a in answers] == sorted(a.sequence for a in answers)
    assert sequences(server, 20) == list(range(1, 21))
    assert server.status("raw").steps_received == 60


def test_a_number_far_ahead_is_an_error(raw):
    text = fails(lambda: raw.send(trajectory(1000)), grpc.StatusCode.INVALID_ARGUMENT)
    assert text == "sequence: 1000 comes before 1; at most 128 may be under way"


def test_a_client_that_comes_back_is_told_what_is_there(server, raw):
    raw.send(trajectory(1), trajectory(2))
    again = RawClient(server.address)
    assert again.register().acknowledged == 2
    again.send(trajectory(2), trajectory(3))
    assert sequences(server, 3) == [1, 2, 3]
    # Another process of the program counts from the beginning.
    assert RawClient(server.address).register(instance=bytes(16)).acknowledged == 0


def test_a_client_whose_server_has_lost_everything_says_where_it_goes_on(server):
    client = RawClient(server.address)
    assert client.register(first_sequence=7).acknowledged == 6
    server.learner("raw").publish(1)
    assert client.send(trajectory(7))[-1].sequence == 7


def test_after_a_kill_nothing_that_was_acknowledged_is_missing(serve):
    first = serve()
    client = RawClient(first.address)
    client.register()
    first.learner("raw").publish(3)
    assert client.send(trajectory(1), trajectory(2))[-1].sequence == 2
    first.kill()
    second = serve()
    again = RawClient(second.address)
    answer = again.register()
    assert answer.acknowledged == 2
    learner = second.learner("raw")
    attached = learner.attach()
    assert (attached.first_record, attached.next_record) == (1, 3)
    assert attached.last_version == 3  # a number is never used for two versions
    learner.publish(4)
    again.send(trajectory(2), trajectory(3))
    assert sequences(second, 3) == [1, 2, 3]


def test_after_a_checkpoint_the_journal_is_empty_and_the_numbers_go_on(serve):
    first = serve()
    client = RawClient(first.address)
    client.register()
    learner = first.learner("raw")
    learner.publish(1)
    client.send(trajectory(1), trajectory(2))
    assert first.status("raw").steps_waiting == 6
    learner.report(taken=3, saved=1)
    assert first.status("raw").steps_waiting == 0
    assert first.status("raw").journal_bytes > 0
    learner.report(taken=3, saved=3)
    assert first.status("raw").journal_bytes == 0
    first.kill()
    second = serve()
    assert RawClient(second.address).register().acknowledged == 2
    attached = second.learner("raw").attach(3)
    assert (attached.first_record, attached.next_record) == (3, 3)


def test_a_learner_whose_checkpoint_is_ahead_of_the_journal_goes_on(server, raw):
    assert server.learner("raw").attach(next_record=90).next_record == 90
    raw.send(trajectory(1))
    (record,) = server.learner("raw").records(1, first=90)
    assert record.number == 90


BAD = {
    "NaN observation": (
        {"observations": to_tensor(np.array([[0, 0, np.nan, 0]] * 2, np.float32))},
        "observation in step 0: value[2] is nan; it must be finite",
    ),
    "infinite reward": (
        {"rewards": to_tensor(np.array([0.0, math.inf]))},
        "reward in step 1: value is inf; it must be finite",
    ),
    "wrong shape": (
        {"observations": to_tensor(np.zeros((2, 5), np.float32))},
        "observations: float32 of shape (2, 5); must be float32 of shape (2, 4)",
    ),
    "wrong type": (
        {"rewards": to_tensor(np.zeros(2, np.float32))},
        "rewards: float32 of shape (2,); must be float64 of shape (2,)",
    ),
    "no steps": (
        {"rewards": to_tensor(np.zeros(0))},
        "rewards: shape (0,); allowed are 1 to 100000 steps",
    ),
    "action that is not there": (
        {"actions": to_tensor(np.array([0, 2]))},
        "action in step 1: 2; allowed are 0 to 1",
    ),
    "negative action": (
        {"actions": to_tensor(np.array([-1, 0]))},
        "action in step 0: -1; allowed are 0 to 1",
    ),
    "no ending": ({"ending": 0}, "ending: must be CUT, TERMINATED or TRUNCATED"),
    "cut without what came next": (
        {"ending": pb.CUT},
        "next_observation: must be there unless the episode TERMINATED, and only then",
    ),
    "terminated with what came next": (
        {"next_observation": to_tensor(np.zeros(4, np.float32))},
        "next_observation: must be there unless the episode TERMINATED, and only then",
    ),
    "versions that do not add up": (
        {"versions": [pb.VersionRun(version=1, steps=1)]},
        "versions: they count 1 steps, not 2",
    ),
    "a version from the future": (
        {"versions": [pb.VersionRun(version=9, steps=2)], "incarnation": "this"},
        "versions: 9 has never been sent; the newest is 1",
    ),
    "no log probabilities": (
        {"log_probabilities": pb.Tensor()},
        "log_probabilities: unknown type 0; allowed are float32, int64, bool, uint8, float64, "
        "int32",
    ),
}


@pytest.mark.parametrize("kind", BAD)
def test_what_nothing_can_be_learned_from_is_refused_by_name(server, raw, kind):
    change, says = BAD[kind]
    if change.get("incarnation"):
        change = {**change, "incarnation": server.server.registry.models["raw"].incarnation}
    answers = raw.send(trajectory(1, steps=2, **change), trajectory(2))
    (refusal,) = [r for answer in answers for r in answer.refusals]
    assert (refusal.sequence, refusal.reason) == (1, pb.Refusal.BAD)
    assert refusal.message == says
    # It counts as acknowledged, and training goes on with what comes after it.
    assert answers[-1].sequence == 2
    assert sequences(server, 1) == [2]


def test_another_incarnation_of_the_model_is_refused(raw):
    answers = raw.send(trajectory(1, incarnation=b"x" * 16))
    (refusal,) = [r for answer in answers for r in answer.refusals]
    assert refusal.reason == pb.Refusal.OTHER_MODEL


def test_a_message_that_is_no_trajectory_ends_the_call_and_the_server_goes_on(raw):
    text = fails(lambda: raw.send(b"\xff\xff\xff"), grpc.StatusCode.INVALID_ARGUMENT)
    assert text.startswith("not a trajectory: ")
    raw.register()
    assert raw.send(trajectory(1))[-1].sequence == 1


def test_a_trajectory_that_is_too_large_is_refused_before_it_is_kept(serve):
    server = serve(limits={"trajectory_bytes": 10_000})
    client = RawClient(server.address)
    client.register()
    text = fails(lambda: client.send(trajectory(1, steps=5000)), grpc.StatusCode.INVALID_ARGUMENT)
    assert text.endswith("at most 10000 are allowed")


def test_a_batch_above_the_limit_of_a_grpc_message_goes_through(server, raw):
    steps = 90_000
    big = trajectory(1, steps=steps, versions=[pb.VersionRun(version=1, steps=steps)])
    assert big.ByteSize() > 3 << 20
    image = to_space(Box((512, 512), (0.0,), (255.0,), "uint8"))
    other = RawClient(server.address)
    other.register(client_id="images", observation=image)
    server.learner("images").publish(1)
    pixels = np.random.default_rng(0).integers(0, 256, size=(24, 512, 512), dtype=np.uint8)
    seen = trajectory(1, steps=24, observations=to_tensor(pixels))
    assert seen.ByteSize() > 6 << 20
    assert raw.send(big)[-1].sequence == 1
    assert not any(a.refusals for a in other.send(seen))
    (record,) = server.learner("images").records(1)
    assert record.trajectory == seen


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        ({"client_id": ""}, "client_id '': must be 1 to 100 letters"),
        ({"client_id": "../etc"}, "client_id '../etc': must be"),
        ({"client_id": "x" * 101}, "must be 1 to 100 letters"),
        ({"model": "a/b"}, "model 'a/b': must be"),
        ({"instance": b"short"}, "instance: 5 bytes; must be 16 random ones"),
        ({"observation": pb.Space()}, "observation: no space"),
        ({"observation": to_space(Discrete(3))}, "observation: must be a box"),
        ({"action": pb.Space()}, "action: no space"),
        ({"action": to_space(MultiDiscrete((2, 2))), "masked": True}, "only discrete actions"),
        ({"items": True}, "an observation of items has the shape (items, features)"),
        ({"algorithm": "sac"}, "algorithm 'sac': must be ppo or dqn"),
        ({"algorithm": "dqn", "action": to_space(Box((2,)))}, "dqn: needs discrete actions"),
        ({"settings": "[1]"}, "settings: must be a JSON object"),
        ({"settings": "{"}, "settings: not JSON"),
        ({"settings": "[" * 50_000}, "settings: not JSON"),
        ({"settings": '{"gama": 0.9}'}, "gama: unknown key (did you mean 'gamma'?"),
        ({"settings": '{"gamma": 7}'}, "gamma: "),
        ({"settings": '{"n_steps": 64, "batch_size": 100}'}, "batch_size must be <="),
    ],
)
def test_a_registration_that_makes_no_sense_is_refused_in_one_line(server, fields, says):
    client = RawClient(server.address)
    text = fails(lambda: client.register(**fields), grpc.StatusCode.INVALID_ARGUMENT)
    assert says in text
    assert "\n" not in text
    assert RawClient(server.address).register().session


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        (
            {"action": to_space(Discrete(3))},
            "its action is {'discrete': {'n': 2, 'start': 0}}, not",
        ),
        ({"action": to_space(Discrete(2, start=1))}, "its action is"),
        ({"masked": True}, "its masked is False, not True"),
        ({"algorithm": "dqn"}, "its algorithm is 'ppo', not 'dqn'"),
        ({"settings": '{"gamma": 0.5}'}, "its gamma is 0.99, not 0.5"),
    ],
)
def test_a_shared_model_has_one_shape_and_one_set_of_settings(server, fields, says):
    RawClient(server.address).register(model="shared")
    other = RawClient(server.address)
    text = fails(
        lambda: other.register(client_id="other", model="shared", **fields),
        grpc.StatusCode.FAILED_PRECONDITION,
    )
    assert says in text
    assert other.register(client_id="other", model="shared").model == "shared"


def test_the_programs_of_a_shared_model_write_one_journal(server):
    for number in range(3):
        client = RawClient(server.address)
        client.register(client_id=f"c{number}", instance=bytes([number] * 16), model="raw")
        server.learner("raw").publish(number + 1)
        client.send(trajectory(1), trajectory(2))
    records = server.learner("raw").records(6)
    assert [record.client_id for record in records] == ["c0", "c0", "c1", "c1", "c2", "c2"]


def open_stream(client):
    """Open a client's trajectories and leave them open; return a function that ends them."""
    done = threading.Event()

    def nothing():
        done.wait()
        yield from ()

    call = client.stub.Trajectories(nothing(), metadata=metadata(None, client.session))
    next(call)  # the first acknowledgement: the server knows of it

    def end():
        done.set()
        list(call)

    return end


def test_two_living_programs_cannot_have_one_id(server):
    first = RawClient(server.address)
    first.register()
    end = open_stream(first)
    second = RawClient(server.address)
    text = fails(lambda: second.register(instance=bytes(16)), grpc.StatusCode.ALREADY_EXISTS)
    assert text.startswith("client_id 'raw' is in use")
    end()
    assert second.register(instance=bytes(16)).session  # its place is free


def test_there_are_limits_of_programs_models_and_registrations(serve):
    server = serve(limits={"clients": 1, "models": 2, "registrations_per_minute": 6})
    first, second = RawClient(server.address), RawClient(server.address)
    first.register()
    end = open_stream(first)
    text = fails(lambda: second.register(client_id="b"), grpc.StatusCode.RESOURCE_EXHAUSTED)
    assert "limits.clients" in text
    end()
    second.register(client_id="b")
    text = fails(lambda: second.register(client_id="c"), grpc.StatusCode.RESOURCE_EXHAUSTED)
    assert "limits.models" in text
    second.register(client_id="b")
    second.register(client_id="b")
    text = fails(lambda: second.register(client_id="b"), grpc.StatusCode.RESOURCE_EXHAUSTED)
    assert "limits.registrations_per_minute" in text


def test_a_wrong_token_an_old_protocol_and_an_unknown_session_are_refused(serve, tmp_path):
    (tmp_path / "token").write_text("open sesame\n")
    server = serve(token_file=tmp_path / "token")
    for token in (None, "", "wrong", "open sesame "):
        client = RawClient(server.address, token)
        text = fails(client.register, grpc.StatusCode.UNAUTHENTICATED)
        assert text.startswith("the token is missing or wrong")
        assert "sesame" not in text
    good = RawClient(server.address, "open sesame")
    good.register()
    stub = good.stub
    text = fails(
        lambda: stub.Status(
            pb.StatusRequest(),
            metadata=(("rlsys-protocol", "0"), ("authorization", "Bearer open sesame")),
        ),
        grpc.StatusCode.FAILED_PRECONDITION,
    )
    assert text.startswith("rlsys-protocol is '0'; this server knows 1")
    good.session = "guessed"
    text = fails(lambda: good.send(trajectory(1)), grpc.StatusCode.UNAUTHENTICATED)
    assert text.startswith("unknown session")
    assert server.server.front.refused_calls == 6


@pytest.mark.usefixtures("raw")
def test_only_a_learner_of_this_server_may_call_the_learners_side(server):
    stranger = server.learner("raw")
    stranger._metadata = metadata("guessed")
    for call in (stranger.attach, lambda: stranger.publish(2), stranger.report):
        assert "only a learner" in fails(call, grpc.StatusCode.UNAUTHENTICATED)
    nobody = server.learner("nobody")
    assert fails(nobody.attach, grpc.StatusCode.NOT_FOUND) == "there is no model 'nobody'"


def test_a_slow_learner_makes_the_window_smaller_and_then_the_senders_wait(serve):
    server = serve(backlog={"steps": 30}, limits={"window": 8})
    client = RawClient(server.address)
    assert client.register().limits.window == 8
    learner = server.learner("raw")
    learner.publish(1)
    answers = client.send(*[trajectory(n, steps=5) for n in range(1, 6)])
    windows = [answer.window for answer in answers]
    assert windows == sorted(windows, reverse=True)
    assert windows[-1] == 1

    done = threading.Event()
    got: list[int] = []

    def send_more() -> None:
        got.extend(a.sequence for a in client.send(*[trajectory(n, steps=5) for n in (6, 7, 8)]))
        done.set()

    threading.Thread(target=send_more, daemon=True).start()
    # The sixth still fits; the seventh waits until the learner has taken something.
    assert learner.records(1, first=6)[0].trajectory.sequence == 6
    assert not done.is_set()
    assert server.status("raw").steps_waiting == 30
    learner.report(taken=7)
    assert done.wait(60)
    assert got[-1] == 8


def test_a_server_that_drops_says_so_and_counts(serve):
    server = serve(backlog={"steps": 10, "policy": "drop"})
    client = RawClient(server.address)
    client.register()
    server.learner("raw").publish(1)
    answers = client.send(*[trajectory(n, steps=5) for n in range(1, 5)])
    refusals = [r for answer in answers for r in answer.refusals]
    assert [r.sequence for r in refusals] == [3, 4]
    assert {r.reason for r in refusals} == {pb.Refusal.OVERLOADED}
    assert answers[-1].sequence == 4
    assert server.status("raw").steps_dropped == 10


def test_a_journal_that_grows_too_large_asks_for_a_checkpoint(serve):
    server = serve(backlog={"journal_bytes": 1 << 20, "steps": 100_000})
    client = RawClient(server.address)
    client.register()
    learner = server.learner("raw")
    learner.publish(1)
    client.send(trajectory(1))
    assert not learner.report(taken=2).save
    for number in range(2, 9):
        client.send(trajectory(number, steps=6000))
        answer = learner.report(taken=number + 1)
    assert answer.save
    learner.report(taken=9, saved=9)
    assert not learner.report(taken=9, saved=9).save


def test_while_the_disk_is_full_programs_and_learners_wait_and_the_status_says_why(
    server, raw, monkeypatch
):
    model, learner = server.server.registry.models["raw"], server.learner("raw")
    for name, ask in (
        ("write", lambda: raw.send(trajectory(1))),
        ("publish", lambda: learner.publish(2)),
        ("saved", lambda: learner.report(taken=2, saved=2)),
    ):
        refused, room, known = threading.Event(), threading.Event(), getattr(model, name)

        def full(*given, known=known, refused=refused, room=room):
            if not room.is_set():
                refused.set()
                raise OSError(28, "No space left on device")
            return known(*given)

        monkeypatch.setattr(model, name, full)
        asking = threading.Thread(target=ask)
        asking.start()
        assert refused.wait(WAIT)
        while not (problem := server.status("raw").problem):
            assert asking.is_alive()
        assert "No space left on device; free space" in problem
        assert asking.is_alive()
        room.set()
        asking.join(WAIT)
        assert not asking.is_alive()
        assert server.status("raw").problem == ""
    assert server.status("raw").steps_received == 3
    assert server.status("raw").version == 2


def test_versions_come_as_differences_and_a_client_that_was_away_gets_what_it_lacks(server, raw):
    from rlsys_distributed.wire.parts import Assembler
    from rlsys_distributed.wire.updates import apply

    def receive(version: int, incarnation: bytes, count: int):
        call = raw.stub.Models(
            pb.ModelsRequest(version=version, incarnation=incarnation),
            metadata=metadata(None, raw.session),
        )
        assembler, found = Assembler(1 << 20), []
        for part in call:
            message = assembler.take(part)
            if message is not None:
                found.append(pb.ModelUpdate.FromString(message))
                if len(found) == count:
                    break
        call.cancel()
        return found

    learner = server.learner("raw")
    (first,) = receive(0, b"", 1)
    held = apply(None, first, 1 << 20)
    assert (first.version, first.base) == (1, 0)
    network = learner.publish(2)
    (second,) = receive(1, first.incarnation, 1)
    held = apply(held if second.base else None, second, 1 << 20)
    assert held.number == 2
    from rlsys_distributed.wire.model import network_of

    seen = np.random.default_rng(1).normal(size=(9, 4)).astype(np.float32)
    assert np.array_equal(network_of(held)[0].logits(seen), network.logits(seen))
    for number in range(3, 30):
        learner.publish(number)
    (far,) = receive(2, first.incarnation, 1)
    assert (far.version, far.base) == (29, 0)  # it is too far behind for differences
    (other,) = receive(29, b"another model   ", 1)
    assert other.base == 0


def test_status_says_what_became_of_the_steps(raw):
    raw.send(trajectory(1), trajectory(2, rewards=to_tensor(np.full(3, np.nan))))
    (model,) = raw.stub.Status(pb.StatusRequest(), metadata=metadata(None)).models
    assert (model.name, model.algorithm, model.version) == ("raw", "ppo", 1)
    assert (model.steps_received, model.steps_bad, model.steps_waiting) == (3, 3, 3)
    (client,) = model.clients
    assert (client.client_id, client.connected, client.steps) == ("raw", False, 3)


def test_the_standard_health_service_answers(server):
    from grpc_health.v1 import health_pb2, health_pb2_grpc

    with grpc.insecure_channel(server.address) as channel:
        answer = health_pb2_grpc.HealthStub(channel).Check(
            health_pb2.HealthCheckRequest(service="rlsys.distributed.v1.Trainer")
        )
    assert answer.status == health_pb2.HealthCheckResponse.SERVING


def test_prometheus_reads_what_the_status_says(serve):
    from urllib.request import urlopen

    from prometheus_client.parser import text_string_to_metric_families

    server = serve(metrics_port=0)
    client = RawClient(server.address)
    client.register()
    server.learner("raw").attach()
    server.learner("raw").publish(1)
    client.send(trajectory(1), trajectory(2, rewards=to_tensor(np.full(3, np.nan))))
    with urlopen(f"http://127.0.0.1:{server.server.metrics_port}/metrics") as answer:
        text = answer.read().decode()
    found = {
        (sample.name, sample.labels.get("model")): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }
    assert found["rlsys_steps_received_total", "raw"] == 3
    assert found["rlsys_steps_bad_total", "raw"] == 3
    assert found["rlsys_steps_waiting", "raw"] == 3
    assert found["rlsys_version", "raw"] == 1
    assert found["rlsys_learning", "raw"] == 1
    assert found["rlsys_programs_connected", "raw"] == 0
    assert found["rlsys_uptime_seconds", None] > 0
