// An OpenID Connect provider on loopback: node oidc.mjs PORT REDIRECT_URI GROUPS_FILE. Every name logs in with any
// password; the file holds the groups of each name as a JSON object.
import { readFileSync } from 'node:fs';
import Provider from 'oidc-provider';

const [port, redirect, file] = process.argv.slice(2);
const provider = new Provider(`http://127.0.0.1:${port}`, {
  clients: [
    {
      client_id: 'runyard',
      client_secret: 'a secret of the client',
      redirect_uris: [redirect],
      grant_types: ['authorization_code', 'urn:ietf:params:oauth:grant-type:device_code'],
      response_types: ['code'],
    },
  ],
  features: { devInteractions: { enabled: true }, deviceFlow: { enabled: true } },
  pkce: { required: () => true },
  claims: { openid: ['sub'], email: ['email', 'email_verified'], profile: ['name', 'preferred_username', 'groups'] },
  cookies: { keys: ['only for tests'] },
  findAccount: (ctx, id) => ({
    accountId: id,
    claims: () => ({
      sub: id,
      email: `${id}@example.org`,
      email_verified: true,
      name: `The ${id}`,
      preferred_username: id,
      groups: JSON.parse(readFileSync(file, 'utf8'))[id] ?? [],
    }),
  }),
});
provider.listen(Number(port), '127.0.0.1');
