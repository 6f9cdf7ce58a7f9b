"""Arrays and parts come out as they went in, and nothing impossible comes out."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from rlsys_distributed.v1 import trainer_pb2 as pb
from rlsys_distributed.wire.errors import WireError
from rlsys_distributed.wire.parts import Assembler, parts_of
from rlsys_distributed.wire.tensors import from_tensor, to_tensor

DTYPES = st.sampled_from(["<f4", "<f8", "<i8", "<i4", "u1", "?"])


@given(DTYPES.flatmap(lambda d: arrays.arrays(d, arrays.array_shapes(min_dims=0, min_side=0))))
def test_an_array_comes_out_as_it_went_in(array):
    sent = pb.Tensor.FromString(to_tensor(array).SerializeToString())
    back = from_tensor(sent, "x")
    assert back.dtype == array.dtype
    assert back.shape == array.shape
    assert back.tobytes() == array.tobytes()


def test_arrays_that_do_not_lie_in_order_are_sent_in_order():
    array = np.arange(12, dtype=np.float32).reshape(3, 4).T[::-1]
    assert from_tensor(to_tensor(array), "x").tolist() == array.tolist()


def test_big_endian_numbers_are_sent_little_endian():
    array = np.array([1.5, -2.0], dtype=">f4")
    assert to_tensor(array).data == np.array([1.5, -2.0], dtype="<f4").tobytes()


@pytest.mark.parametrize(
    ("tensor", "says"),
    [
        (pb.Tensor(type=pb.FLOAT32, shape=[2], data=b"1234"), "takes 8 bytes, but there are 4"),
        (pb.Tensor(type=pb.FLOAT32, shape=[2**40, 2**40], data=b""), "bytes"),
        (pb.Tensor(shape=[1], data=b"1"), "unknown type 0"),
        (pb.Tensor(type=99, shape=[1], data=b"1"), "unknown type 99"),
        (pb.Tensor(type=pb.BOOL, shape=[2], data=b"\x01\x02"), "the byte 0 or 1, not 2"),
        (pb.Tensor(type=pb.UINT8, shape=[1] * 40, data=b"1"), "40 dimensions"),
    ],
)
def test_what_is_impossible_is_named(tensor, says):
    with pytest.raises(WireError, match=says) as caught:
        from_tensor(tensor, "rewards")
    assert str(caught.value).startswith("rewards: ")


def test_types_that_cannot_be_sent_are_named():
    with pytest.raises(WireError, match="complex128 cannot be sent; allowed are float32"):
        to_tensor(np.zeros(2, np.complex128))


@given(st.binary(max_size=300), st.integers(1, 70))
def test_a_message_in_parts_is_put_together(message, size):
    assembler = Assembler(1000)
    parts = list(parts_of(message, size))
    assert all(len(part.data) <= size for part in parts)
    found = [assembler.take(part) for part in parts]
    assert found[-1] == message
    assert all(one is None for one in found[:-1])


def test_messages_follow_one_another():
    assembler = Assembler(1000)
    messages = [b"a" * 10, b"", b"b" * 3]
    found = [assembler.take(p) for message in messages for p in parts_of(message, 4)]
    assert [one for one in found if one is not None] == messages


@pytest.mark.parametrize(
    ("parts", "says"),
    [
        ([pb.Part(data=b"12", size=1001)], "1001 bytes; at most 1000"),
        ([pb.Part(data=b"12", size=3, end=True)], "of 3 bytes, as its first part says, has 2"),
        ([pb.Part(data=b"1234", size=3)], "has 4"),
        ([pb.Part(data=b"12", size=3), pb.Part(data=b"34", end=True)], "has 4"),
    ],
)
def test_parts_that_do_not_fit_are_refused(parts, says):
    assembler = Assembler(1000)
    for part in parts[:-1]:
        assembler.take(part)
    with pytest.raises(WireError, match=says):
        assembler.take(parts[-1])
