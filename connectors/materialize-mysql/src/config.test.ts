import assert from 'node:assert/strict';
import { test } from 'node:test';
import { decodeConfig } from '@weir/schema';
import { CertificateAuthority } from '@weir/testing';
import { splitAddress } from './address.ts';
import { checkConfig, tableOptions } from './config.ts';
import { endpointSchema } from './endpoint-schema.ts';
import { productOf } from './product.ts';

const valid = { address: 'db.example.com', user: 'u', password: 'p', database: 'd' };

function decoded(config: Readonly<Record<string, unknown>>) {
  return decodeConfig(endpointSchema, JSON.stringify(config), { what: 'the configuration' });
}

const refused = (config: Readonly<Record<string, unknown>>, code: string): void =>
  assert.throws(() => checkConfig(decoded({ ...valid, ...config })), { code }, JSON.stringify(config));

test('a field that is needed is asked for by name', () => {
  for (const name of Object.keys(valid)) {
    const rest = Object.fromEntries(Object.entries(valid).filter(([other]) => other !== name));
    assert.throws(() => decoded(rest), new RegExp(name));
  }
  checkConfig(decoded(valid));
});

test('the port is 3306 unless it is given', () => {
  assert.deepEqual(splitAddress('db'), { host: 'db', port: 3306 });
  assert.deepEqual(splitAddress('db:3307'), { host: 'db', port: 3307 });
  assert.deepEqual(splitAddress('[::1]:3307'), { host: '::1', port: 3307 });
  assert.deepEqual(splitAddress('::1'), { host: '::1', port: 3306 });
});

test('what cannot work, or is not there yet, is refused', () => {
  refused({ address: 'db:0' }, 'MYSQL_CONFIG_INVALID');
  refused({ address: ':3306' }, 'MYSQL_CONFIG_INVALID');
  refused({ timezone: 'Mars/Olympus' }, 'MYSQL_TIME_ZONE');
  refused({ timezone: '+99:00' }, 'MYSQL_TIME_ZONE');
  refused({ dbt_job_trigger: { job_id: '1', account_id: '2', api_key: 'k' } }, 'MATERIALIZE_DBT_TRIGGER');
  refused(
    { networkTunnel: { sshForwarding: { sshEndpoint: 'ssh://u@h:x', privateKey: 'k' } } },
    'TUNNEL_ENDPOINT_INVALID',
  );
});

test('certificates are checked, and those that would have no effect are refused', () => {
  const authority = new CertificateAuthority('authority');
  const { certificate: cert, key } = authority.issue('client');
  const other = authority.issue('other').key;
  for (const sslmode of ['verify_ca', 'verify_identity']) {
    refused({ advanced: { sslmode } }, 'MYSQL_CONFIG_INVALID');
    checkConfig(decoded({ ...valid, advanced: { sslmode, ssl_server_ca: authority.certificate } }));
  }
  refused({ advanced: { ssl_server_ca: authority.certificate } }, 'MYSQL_CONFIG_INVALID');
  refused({ advanced: { sslmode: 'verify_ca', ssl_server_ca: 'no PEM' } }, 'MYSQL_CONFIG_INVALID');
  refused({ advanced: { ssl_client_cert: cert } }, 'MYSQL_CONFIG_INVALID');
  refused({ advanced: { ssl_client_cert: cert, ssl_client_key: other } }, 'MYSQL_CONFIG_INVALID');
  refused(
    { advanced: { sslmode: 'disabled', ssl_client_cert: cert, ssl_client_key: key } },
    'MYSQL_CONFIG_INVALID',
  );
  checkConfig(
    decoded({ ...valid, advanced: { ssl_client_cert: cert, ssl_client_key: key, ssl_server_ca: '' } }),
  );
});

test('feature flags become options of tables', () => {
  const flags = 'allow_existing_tables_for_new_bindings, retain_existing_data_on_backfill';
  assert.deepEqual(tableOptions(decoded({ ...valid, advanced: { feature_flags: flags } })), {
    allowExistingTables: true,
    retainExistingData: true,
    alwaysReplaceTables: false,
    noFlowDocument: false,
  });
});

test('the product is told by its version, and what works differently is refused', () => {
  const facts = {
    versionComment: '',
    collations: ['utf8mb4_0900_bin', 'utf8mb4_nopad_bin'],
    lowerCaseTableNames: 0,
  };
  assert.equal(productOf({ ...facts, version: '9.7.4' }).exactCollation, 'utf8mb4_0900_bin');
  assert.equal(productOf({ ...facts, version: '5.5.5-10.11.19-MariaDB-0+deb12u1' }).flavour, 'mariadb');
  assert.equal(productOf({ ...facts, version: '5.7.44-log', collations: [] }).exactCollation, undefined);
  for (const [version, versionComment] of [
    ['5.6.51', 'MySQL Community Server'],
    ['10.2.44-MariaDB', 'mariadb.org'],
    ['5.7.32', 'SingleStoreDB source distribution'],
    ['8.0.30-Vitess', 'PlanetScale'],
    ['8.0.11-TiDB-v7.5.0', ''],
  ] as const) {
    assert.throws(() => productOf({ ...facts, version, versionComment }), {
      code: 'MYSQL_PRODUCT_UNSUPPORTED',
    });
  }
});
