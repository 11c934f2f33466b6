from mlflow.entities import Metric


def _log(client, run, key, count):
    for start in range(0, count, 1000):
        client.log_batch(
            run, metrics=[Metric(key, i * 0.5, i, i) for i in range(start, min(start + 1000, count))]
        )


def test_history_longer_than_one_page_of_the_client_is_whole(client, run):
    """The client reads 25,000 points per request, so 26,000 need a page token."""
    _log(client, run, "long", 26_000)
    history = client.get_metric_history(run, "long")
    assert [m.step for m in history] == list(range(26_000))
    assert [m.value for m in history] == [i * 0.5 for i in range(26_000)]
    assert client.get_run(run).data.metrics == {"long": 12_999.5}


def test_unknown_key_has_an_empty_history(client, run):
    assert client.get_metric_history(run, "nothing") == []


def test_a_thousand_keys_in_one_run(client, run):
    client.log_batch(run, metrics=[Metric(f"layer/{i}", i, 1, 1) for i in range(1000)])
    assert client.get_run(run).data.metrics == {f"layer/{i}": float(i) for i in range(1000)}
