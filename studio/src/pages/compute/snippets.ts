/** How one does from Python and the shell what the page does. */
export const ATTACH = `# in a shell
runyard compute attach ssh gpu1 --address gpu1.example.org \\
    --user me --private-key ~/.ssh/id_ed25519

# or in Python
from azureml.core.compute import ComputeTarget, RemoteCompute

settings = RemoteCompute.attach_configuration(
    address="gpu1.example.org",
    username="me",
    private_key_file="~/.ssh/id_ed25519",
)
ComputeTarget.attach(ws, "gpu1", settings).wait_for_completion()`;

/** @param target the one that is looked at. */
export const submitting = (target: string) =>
  `runyard run submit --target ${shell(target)} -- python train.py --lr 0.1`;

const shell = (word: string) => (/^[\w.-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`);
