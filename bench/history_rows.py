"""Ended connections as a cluster makes them, in any number: what the history is measured with.

3,000 Pods on 60 nodes behind one VXLAN overlay, and 300 services. Few services get most of the connections, a tenth
comes from outside the cluster. Times have nanoseconds, latencies, durations and sizes are spread as they are in
networks (log-normal), so that nothing compresses better than it would in earnest.
"""

from __future__ import annotations

import duckdb
import pyarrow as pa

from podwire.history import KINDS, Kind

PODS, NODES, SERVICES = 3_000, 60, 300

_POD = """
CREATE MACRO pod_name(p) AS 'app-' || lpad((p % 300)::VARCHAR, 3, '0') || '-' || substr(md5((p % 300)::VARCHAR), 1, 9)
    || '-' || substr(md5(p::VARCHAR), 1, 5);
CREATE MACRO pod_ip(p) AS '10.' || (244 + p // 60000)::VARCHAR || '.' || (p % 60)::VARCHAR || '.' ||
    (2 + (p // 60) % 250)::VARCHAR;
CREATE MACRO pod_node(p) AS 'worker-' || lpad((p % 60)::VARCHAR, 2, '0');
CREATE MACRO pod_space(p) AS 'team-' || ((p % 300) % 25)::VARCHAR;
CREATE MACRO node_ip(p) AS '192.168.7.' || (10 + p % 60)::VARCHAR;
CREATE MACRO few(u, n) AS least(n - 1, floor(n * power(u, 3)))::BIGINT;
CREATE MACRO spread(a, b) AS exp(sqrt(-2 * ln(1 - a)) * cos(2 * pi() * b));
"""

_DRAW = """
SELECT range AS i, few(random(), 3000) AS c, few(random(), 300) + 300 * floor(random() * 10)::BIGINT AS s,
    random() AS outside, random() AS refused, random() AS u1, random() AS u2, random() AS u3, random() AS u4,
    random() AS u5, random() AS u6, random() AS u7, random() AS u8
FROM range({first}, {last})
"""

_ROWS = """
SELECT {start_ns} + (i - {first}) * {step_ns} + (u1 * {step_ns})::BIGINT - (10e6 * spread(u3, u4) * 20)::BIGINT
        AS "started-time",
    {start_ns} + ((i - {first}) * {step_ns}) // 200000000 * 200000000 AS "recorded-time",
    'ended' AS "record", 1 AS "vlan", CASE WHEN outside > 0.1 THEN 1 END AS "vxlan",
    CASE WHEN outside > 0.1 THEN 'vxlan' END AS "encap",
    CASE WHEN outside > 0.1 THEN node_ip(c) END AS "outer-src-ip",
    CASE WHEN outside > 0.1 THEN node_ip(s) END AS "outer-dst-ip", 'tcp' AS "proto",
    CASE WHEN outside > 0.1 THEN pod_ip(c) ELSE '203.0.' || (c % 256)::VARCHAR || '.' ||
        floor(u2 * 250)::VARCHAR END AS "src-ip",
    32768 + floor(u5 * 28232)::BIGINT AS "src-port",
    CASE WHEN outside > 0.1 THEN pod_name(c) END AS "src-pod",
    CASE WHEN outside > 0.1 THEN pod_space(c) END AS "src-namespace",
    CASE WHEN outside > 0.1 THEN 'app-' || lpad((c % 300)::VARCHAR, 3, '0') END AS "src-workload",
    CASE WHEN outside > 0.1 THEN pod_node(c) END AS "src-node",
    pod_ip(s) AS "dst-ip", [80, 443, 8080, 8443, 5432, 6379, 9092, 3306][1 + s % 8] AS "dst-port",
    pod_name(s) AS "dst-pod", pod_space(s) AS "dst-namespace",
    'app-' || lpad((s % 300)::VARCHAR, 3, '0') AS "dst-workload", pod_node(s) AS "dst-node",
    'svc-' || (s % 300)::VARCHAR AS "service", 'prod' AS "cluster-name",
    CASE WHEN refused < 0.02 THEN 'rst' ELSE 'fin' END AS "cur-state",
    CASE WHEN refused < 0.02 THEN 'rst' ELSE 'fin' END AS "end",
    (u6 > 0.995)::BIGINT AS "syn-resends", 0 AS "syn-ack-resends",
    (120e3 * spread(u6, u7))::BIGINT AS "latency", (120e3 * spread(u6, u7))::BIGINT AS "server-latency",
    (40e3 * spread(u7, u5))::BIGINT AS "client-latency",
    CASE WHEN refused < 0.02 THEN 0 ELSE (600 * spread(u8, u2))::BIGINT END AS "obytes",
    CASE WHEN refused < 0.02 THEN 0 ELSE (4000 * spread(u2, u8))::BIGINT END AS "ibytes",
    5 + (spread(u8, u2) * 2)::BIGINT AS "opkts", 4 + (spread(u2, u8) * 3)::BIGINT AS "ipkts",
    (u4 > 0.99)::BIGINT AS "retransmits", (10e6 * spread(u3, u4))::BIGINT AS "dur",
    false AS "one-way", false AS "joined", 'mirror0' AS "source",
    CASE WHEN outside <= 0.1 THEN 'src: no cluster claims this address' END AS "reason", i AS "id"
FROM drawn
"""


class Maker:
    """Makes batches of connections that ended one after another, `rate` of them a second."""

    def __init__(self, *, start_ns: int, rate: float, seed: float = 0.4) -> None:
        self._database = duckdb.connect(config={"threads": 2})
        self._database.execute(_POD).fetchall()
        self._database.execute(f"SELECT setseed({seed})").fetchall()
        self._start_ns, self._step_ns = start_ns, max(1, int(1e9 / rate))

    def make(self, first: int, count: int) -> list[pa.RecordBatch]:
        """Make the connections with the numbers from `first` on, in batches as they come from the packet core."""
        start_ns = self._start_ns + first * self._step_ns
        draw = _DRAW.format(first=first, last=first + count)
        words = _ROWS.format(first=first, start_ns=start_ns, step_ns=self._step_ns)
        table = self._database.sql(f"WITH drawn AS MATERIALIZED ({draw}) {words}").to_arrow_table()
        return [_fitted(batch) for batch in table.combine_chunks().to_batches(max_chunksize=10_000)]


def _fitted(batch: pa.RecordBatch) -> pa.RecordBatch:
    arrays = []
    schema = KINDS[Kind.CONNECTION]
    for field in schema:
        if field.name not in batch.schema.names:
            arrays.append(pa.nulls(len(batch), field.type))
            continue
        array = batch.column(field.name)
        arrays.append(array.dictionary_encode() if array.type == pa.string() else array.cast(field.type))
    return pa.RecordBatch.from_arrays(arrays, schema=schema)
