/** Registered models, their versions and aliases, by MLflow's routes. */
import { infiniteQueryOptions, queryOptions } from "@tanstack/react-query";
import type { KeyValue } from "@/api/experiments";
import { address, get, json, post } from "@/api/http";
import { holds } from "@/lib/filter-text";

const BASE = "/ajax-api/2.0/mlflow";
const PROMPT_TAG = "mlflow.prompt.is_prompt";
/** In a filter: prompts, which lists leave out unless they ask for them. */
export const PROMPTS = `tags.\`${PROMPT_TAG}\` = 'true'`;
/** A prompt is a registered model with a tag. */
export const isPrompt = (model: RegisteredModel): boolean =>
  (model.tags ?? []).some((tag) => tag.key === PROMPT_TAG && tag.value === "true");

export const STAGES = ["None", "Staging", "Production", "Archived"] as const;
export type Stage = (typeof STAGES)[number];

export interface ModelVersion {
  name: string;
  version: string;
  creation_timestamp: number;
  last_updated_timestamp: number;
  current_stage: Stage;
  description: string;
  source: string;
  run_id: string;
  status: string;
  user_id?: string;
  status_message?: string;
  tags?: KeyValue[];
  aliases?: string[];
}

export interface RegisteredModel {
  name: string;
  creation_timestamp: number;
  last_updated_timestamp: number;
  description?: string;
  latest_versions?: ModelVersion[];
  tags?: KeyValue[];
  aliases?: { alias: string; version: string }[];
}

/** The aliases that point at a version: MLflow's search of versions does not tell them. */
export const aliasesOf = (model: RegisteredModel, version: string): string[] =>
  (model.aliases ?? []).filter((one) => one.version === version).map((one) => one.alias);

export const modelsQuery = (workspace: string, filter: string) =>
  infiniteQueryOptions({
    queryKey: ["models", workspace, filter],
    queryFn: ({ pageParam, signal }) =>
      get<{ registered_models?: RegisteredModel[]; next_page_token?: string }>(
        address(workspace, `${BASE}/registered-models/search`, {
          filter: filter || null,
          max_results: 100,
          page_token: pageParam || null,
        }),
        signal,
      ),
    initialPageParam: "",
    getNextPageParam: (page) => page.next_page_token || undefined,
  });

export const modelQuery = (workspace: string, name: string) =>
  queryOptions({
    queryKey: ["model", workspace, name],
    queryFn: async ({ signal }) =>
      (
        await get<{ registered_model: RegisteredModel }>(
          address(workspace, `${BASE}/registered-models/get`, { name }),
          signal,
        )
      ).registered_model,
  });

/** Newest first. Those of prompts are told only when they are asked for. */
export const versionsQuery = (workspace: string, name: string, prompt: boolean) =>
  infiniteQueryOptions({
    queryKey: ["model", workspace, name, "versions", prompt],
    queryFn: async ({ pageParam, signal }) => {
      const page = await get<{ model_versions?: ModelVersion[]; next_page_token?: string }>(
        address(workspace, `${BASE}/model-versions/search`, {
          filter: `${holds("name", name)}${prompt ? ` AND ${PROMPTS}` : ""}`,
          order_by: ["version_number DESC"],
          max_results: 100,
          page_token: pageParam || null,
        }),
        signal,
      );
      return { ...page, model_versions: page.model_versions?.filter((one) => one.name === name) };
    },
    initialPageParam: "",
    getNextPageParam: (page) => page.next_page_token || undefined,
  });

const models = (workspace: string, rest: string) => address(workspace, `${BASE}/registered-models/${rest}`);
const versions = (workspace: string, rest: string) => address(workspace, `${BASE}/model-versions/${rest}`);

export const createModel = (workspace: string, name: string) => post(models(workspace, "create"), { name });
export const renameModel = (workspace: string, name: string, new_name: string) =>
  post(models(workspace, "rename"), { name, new_name });
export const describeModel = (workspace: string, name: string, description: string) =>
  json("PATCH", models(workspace, "update"), { body: { name, description } });
export const deleteModel = (workspace: string, name: string) =>
  json("DELETE", models(workspace, "delete"), { body: { name } });
export const setModelTag = (workspace: string, name: string, key: string, value: string) =>
  post(models(workspace, "set-tag"), { name, key, value });
export const deleteModelTag = (workspace: string, name: string, key: string) =>
  json("DELETE", models(workspace, "delete-tag"), { body: { name, key } });
export const setAlias = (workspace: string, name: string, alias: string, version: string) =>
  post(models(workspace, "alias"), { name, alias, version });
export const deleteAlias = (workspace: string, name: string, alias: string) =>
  json("DELETE", models(workspace, "alias"), { body: { name, alias } });
export const createVersion = (workspace: string, version: { name: string; source: string; run_id: string }) =>
  post<{ model_version: ModelVersion }>(versions(workspace, "create"), version);
export const moveVersion = (workspace: string, name: string, version: string, stage: Stage) =>
  post(versions(workspace, "transition-stage"), { name, version, stage, archive_existing_versions: false });
export const describeVersion = (workspace: string, name: string, version: string, description: string) =>
  json("PATCH", versions(workspace, "update"), { body: { name, version, description } });
export const deleteVersion = (workspace: string, name: string, version: string) =>
  json("DELETE", versions(workspace, "delete"), { body: { name, version } });
export const setVersionTag = (workspace: string, name: string, version: string, key: string, value: string) =>
  post(versions(workspace, "set-tag"), { name, version, key, value });
export const deleteVersionTag = (workspace: string, name: string, version: string, key: string) =>
  json("DELETE", versions(workspace, "delete-tag"), { body: { name, version, key } });
