"""Prompts: they are registered models with a tag, so they work where the registry does."""

import json

import mlflow
import pytest

pytestmark = pytest.mark.mlflow3
genai = mlflow.genai


@pytest.fixture
def prompt(name, experiment):
    return genai.register_prompt(name, "Hello {{who}}", commit_message="first", tags={"lang": "en"}).name


def test_prompt_loads_by_version_and_formats(prompt):
    loaded = genai.load_prompt(f"prompts:/{prompt}/1")
    assert (loaded.template, loaded.version, loaded.commit_message) == ("Hello {{who}}", 1, "first")
    assert loaded.tags == {"lang": "en"}
    assert loaded.format(who="you") == "Hello you"
    assert genai.load_prompt(prompt, version=1).template == "Hello {{who}}"


def test_new_text_is_a_new_version(prompt):
    second = genai.register_prompt(prompt, "Hi {{who}} " + "x" * 20_000)
    assert second.version == 2
    assert genai.load_prompt(f"prompts:/{prompt}/2").template.startswith("Hi")
    assert genai.load_prompt(f"prompts:/{prompt}@latest").version == 2


def test_chat_prompt_keeps_its_messages(name, experiment):
    messages = [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "{{q}}"}]
    genai.register_prompt(name, messages, response_format={"type": "object"})
    loaded = genai.load_prompt(f"prompts:/{name}/1")
    assert (loaded.template, loaded.response_format) == (messages, {"type": "object"})


def test_alias_points_and_goes(prompt):
    genai.set_prompt_alias(prompt, "live", 1)
    assert genai.load_prompt(f"prompts:/{prompt}@live").version == 1
    genai.delete_prompt_alias(prompt, "live")
    with pytest.raises(mlflow.exceptions.MlflowException):
        genai.load_prompt(f"prompts:/{prompt}@live", cache_ttl_seconds=0)


def test_tags_of_prompt_and_version(client, prompt):
    client.set_prompt_tag(prompt, "owner", "me")
    client.set_prompt_version_tag(prompt, "1", "score", "5")
    assert client.get_prompt(prompt).tags["owner"] == "me"
    assert client.get_prompt_version(prompt, "1").tags == {"lang": "en", "score": "5"}
    client.delete_prompt_tag(prompt, "owner")
    client.delete_prompt_version_tag(prompt, "1", "score")
    assert "owner" not in client.get_prompt(prompt).tags
    assert client.get_prompt_version(prompt, "1").tags == {"lang": "en"}


def test_prompts_are_searched_apart_from_models(client, prompt):
    client.create_registered_model(f"{prompt}-model")
    assert [p.name for p in genai.search_prompts(f"name LIKE '{prompt}%'")] == [prompt]
    assert [m.name for m in client.search_registered_models(f"name LIKE '{prompt}%'")] == [f"{prompt}-model"]
    assert [p.name for p in genai.search_prompts(f"name = '{prompt}' AND tags.lang = 'de'")] == []


def test_model_functions_do_not_see_a_prompt(client, prompt):
    with pytest.raises(mlflow.exceptions.MlflowException, match="not found"):
        client.get_registered_model(prompt)


def test_unknown_prompt(name, experiment):
    assert genai.load_prompt(f"prompts:/{name}/1", allow_missing=True) is None
    with pytest.raises(mlflow.exceptions.MlflowException):
        genai.load_prompt(f"prompts:/{name}/1")


def test_prompt_versions_can_be_deleted(client, prompt):
    client.delete_prompt_version(prompt, "1")
    client.delete_prompt(prompt)
    assert client.get_prompt(prompt) is None


def test_prompt_is_linked_to_runs_and_listed_there(client, prompt, run):
    version = genai.load_prompt(prompt, version=1)
    client.link_prompt_version_to_run(run, version)
    assert [
        linked["name"] for linked in json.loads(client.get_run(run).data.tags["mlflow.linkedPrompts"])
    ] == [prompt]


def test_prompt_is_linked_to_a_model(client, prompt, experiment):
    model = client.create_logged_model(experiment, name="net").model_id
    client.link_prompt_version_to_model(prompt, "1", model)
    (linked,) = json.loads(client.get_logged_model(model).tags["mlflow.linkedPrompts"])
    assert (linked["name"], linked["version"]) == (prompt, "1")


def test_prompt_is_linked_to_a_trace(client, prompt, experiment):
    trace = mlflow.log_trace(name="t", request="q", response="a")
    mlflow.flush_trace_async_logging()
    client.link_prompt_versions_to_trace([genai.load_prompt(prompt, version=1)], trace)
    found = client.search_traces(locations=[experiment], filter_string=f"prompt = '{prompt}/1'")
    assert [one.info.trace_id for one in found] == [trace]


def test_alias_finds_its_version(client, prompt):
    client.set_prompt_alias(prompt, "live", 1)
    found = client.get_prompt_version_by_alias(prompt, "live")
    assert (found.version, found.aliases) == (1, ["live"])
    assert client.parse_prompt_uri(f"prompts:/{prompt}@live") == (prompt, "1")
