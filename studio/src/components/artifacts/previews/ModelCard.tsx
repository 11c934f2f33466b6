/** A directory that holds a model: what it takes and gives, and how it is loaded. */
import { Badge, Button, Group } from "@mantine/core";
import { IconPackage } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { type FileSource, readPart } from "@/api/artifacts";
import classes from "@/components/artifacts/artifacts.module.css";
import { CodeToCopy } from "@/components/Copy";
import { Facts } from "@/components/Facts";
import { loadSnippet, type ModelColumn, parseMlmodel } from "@/lib/mlmodel";

const MOST = 1024 * 1024;

export default function ModelCard({
  source,
  folder,
  path,
  onRegister,
}: {
  source: FileSource;
  folder: string;
  path: string;
  onRegister?: () => void;
}) {
  const found = useQuery({
    queryKey: ["mlmodel", source.key, path],
    queryFn: async ({ signal }) =>
      parseMlmodel(new TextDecoder().decode((await readPart(source.preview(path), 0, MOST, signal)).bytes)),
  });
  if (!found.data) return <div className={classes.padded} style={{ minHeight: 180 }} />;
  const { flavors, inputs, outputs, params, facts } = found.data;
  const uri = source.uri(folder);
  return (
    <section className={classes.padded} aria-label="Model">
      <Group gap={6} mb="xs">
        <b>Model</b>
        {flavors.map((one) => (
          <Badge key={one}>{one}</Badge>
        ))}
        {onRegister && (
          <Button
            ml="auto"
            size="compact-sm"
            variant="default"
            leftSection={<IconPackage size={14} />}
            onClick={onRegister}
          >
            Register
          </Button>
        )}
      </Group>
      {uri && <CodeToCopy text={loadSnippet(uri, flavors)} />}
      <div style={{ marginTop: 12 }}>
        <Signature columns={inputs} title="Inputs" />
        <Signature columns={outputs} title="Outputs" />
        <Signature columns={params} title="Params" />
      </div>
      {inputs.length + outputs.length === 0 && (
        <p className="quiet">It has no signature: what it takes and gives was not written down.</p>
      )}
      <Facts facts={facts} />
    </section>
  );
}

function Signature({ columns, title }: { columns: readonly ModelColumn[]; title: string }) {
  if (columns.length === 0) return null;
  return (
    <table className="plain" style={{ marginBottom: 10 }}>
      <thead>
        <tr>
          <th scope="col" style={{ width: "50%" }}>
            {title}
          </th>
          <th scope="col">Type</th>
        </tr>
      </thead>
      <tbody>
        {columns.map((one, i) => (
          <tr key={String(i)}>
            <td style={{ overflowWrap: "anywhere" }}>
              {one.name}
              {!one.required && <span className="quiet"> (may be left out)</span>}
            </td>
            <td style={{ overflowWrap: "anywhere" }}>{one.type}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
