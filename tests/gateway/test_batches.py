from hypothesis import given
from hypothesis import strategies as st

from gateway.batches import batches
from gateway.rows import Row
from venueair.messages import MAX_BYTES, MAX_ROWS, Data, decode

BOOT = "00112233445566aa"


def row(i: int, device: str = "a", *, seq: int | None = None, boot: str = BOOT, status="ok", **values) -> Row:
    return Row(i, device, boot, i if seq is None else seq, 1000 + i, values or {"co2": 400.0 + i}, status)


def sent(rows: list[Row], **options) -> list[tuple[str, Data]]:
    settings = {"via": "gw1", "resent": False, "dropped": lambda _key: []} | options
    return [(batch.device, decode(batch.payload, Data)) for batch in batches(rows, **settings)]


def test_one_row_is_json_with_scalars() -> None:
    [batch] = batches([row(7, pm2_5=12.5)], via="gw1", resent=False, dropped=lambda _key: [])
    assert batch.payload.startswith(b"{")
    assert decode(batch.payload, Data) == Data(boot=BOOT, seq=7, t=1007, q={"pm2_5": 12.5}, via="gw1")
    assert (batch.device, batch.last_id, batch.rows) == ("a", 7, 1)


def test_several_rows_are_one_cbor_batch_with_missing_values_as_null() -> None:
    [(_, data)] = sent([row(3, co2=704.0), row(4, temperature=21.5)], resent=True)
    assert data == Data(
        boot=BOOT,
        seq=3,
        t=[1003, 1004],
        q={"co2": [704.0, None], "temperature": [None, 21.5]},
        via="gw1",
        resent=True,
    )


def test_status_boot_and_gaps_in_seq_split_batches() -> None:
    rows = [
        row(1),
        row(2),
        row(3, status="warming"),
        row(4),
        row(5, seq=9),
        row(6, seq=0, boot="ffeeddccbbaa0099"),
    ]
    assert [(d.boot[:2], d.seq, d.status) for _, d in sent(rows)] == [
        ("00", 1, "ok"),
        ("00", 3, "warming"),
        ("00", 4, "ok"),
        ("00", 9, "ok"),
        ("ff", 0, "ok"),
    ]


def test_interleaved_devices_get_one_batch_each() -> None:
    rows = [row(i, device, seq=i // 2) for i, device in enumerate("abababab")]
    assert [(device, d.seq, len(d.t)) for device, d in sent(rows)] == [("a", 0, 4), ("b", 0, 4)]


def test_declared_ranges_go_with_their_own_device_and_boot() -> None:
    ranges = {("a", BOOT): [(0, 6)]}
    by_device = dict(sent([row(7), row(8, "b")], dropped=lambda key: ranges.get(key, [])))
    assert by_device["a"].dropped == [(0, 6)]
    assert by_device["b"].dropped == []


def test_many_ranges_still_fit() -> None:
    many = [(3 * i, 3 * i + 1) for i in range(10_000)]
    rows = [row(40_000 + i, **{f"q{k}": 1.0 for k in range(9)}) for i in range(2000)]
    payloads = [b.payload for b in batches(rows, via="gw1", resent=True, dropped=lambda _key: many)]
    assert max(map(len, payloads)) <= MAX_BYTES


@given(st.integers(1, 6000), st.integers(1, 30))
def test_any_number_of_rows_arrives_whole_and_within_the_limits(count: int, quantities: int) -> None:
    values = {f"quantity_{k}": float(k) for k in range(quantities)}
    rows = [Row(i, "a", BOOT, i, i, values, "ok") for i in range(count)]
    seen: list[int] = []
    for batch in batches(rows, via="gw1", resent=False, dropped=lambda _key: []):
        assert len(batch.payload) <= MAX_BYTES
        assert batch.rows <= MAX_ROWS
        assert batch.last_id == seen[-1] + batch.rows if seen else batch.last_id == batch.rows - 1
        seen.append(batch.last_id)
    assert seen[-1] == count - 1
