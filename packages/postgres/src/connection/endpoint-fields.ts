// The fields of a configuration that say how to reach a server, the same in every connector of one.

import { awsIamBranch, azureIamBranch, gcpIamBranch } from '@weir/auth';
import { branch, choice, oneOfWith, optional, secret, text } from '@weir/schema/config';

/** What an Azure token for a PostgreSQL server is for. */
export const AZURE_SCOPE = 'https://ossrdbms-aad.database.windows.net/.default';

export function addressField() {
  return text({
    title: 'Server Address',
    description: 'The host or host:port at which the database can be reached.',
    order: 0,
  });
}

export function passwordField(order: number) {
  return secret({ title: 'Password', description: "The user's password.", order });
}

export function credentialsField(order: number) {
  return oneOfWith(
    'auth_type',
    {
      title: 'Authentication',
      description: 'How to authenticate with the database.',
      default: 'UserPassword',
      order,
      'x-iam-auth': true,
      'x-iam-azure-scope': AZURE_SCOPE,
    },
    [
      branch('UserPassword', { title: 'Password' }, { password: passwordField(1) }),
      awsIamBranch(),
      gcpIamBranch(),
      azureIamBranch(),
    ],
  );
}

/** Of `/advanced`. `standardMode` says what holds if no mode is chosen. */
export function tlsFields(standardMode: string) {
  return {
    sslmode: optional(
      choice(['disable', 'allow', 'prefer', 'require', 'verify-ca', 'verify-full'], {
        title: 'SSL Mode',
        description: `How to encrypt the connection, as in libpq. If you choose none it is ${standardMode}.`,
      }),
    ),
    ssl_server_ca: optional(
      text({
        title: 'SSL Server CA',
        description:
          'Certificates (PEM) of the authorities that may have signed that of the server; verify-ca and verify-full trust those of the system if you give none.',
        multiline: true,
      }),
    ),
    ssl_client_cert: optional(
      text({
        title: 'SSL Client Certificate',
        description: 'Your certificate (PEM), if the server asks for one.',
        multiline: true,
      }),
    ),
    ssl_client_key: optional(
      secret({
        title: 'SSL Client Key',
        description: 'The private key (PEM, without a passphrase) of the client certificate.',
        multiline: true,
      }),
    ),
  };
}
