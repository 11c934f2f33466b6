/** How one loads a model or a prompt. Pure. */

export interface Target {
  /** `champion`, or `3`. */
  name: string;
  alias: boolean;
}

export function snippet(name: string, target: Target, prompt: boolean): string {
  const uri = `${prompt ? "prompts" : "models"}:/${name}${target.alias ? "@" : "/"}${target.name}`;
  const quoted = JSON.stringify(uri);
  return prompt
    ? `import mlflow\n\nprompt = mlflow.genai.load_prompt(${quoted})\nprompt.format(question="…")`
    : `import mlflow\n\nmodel = mlflow.pyfunc.load_model(${quoted})\nmodel.predict(data)`;
}
