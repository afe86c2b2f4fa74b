-- A small shop, and what a database administrator would run to let Weir capture it.

CREATE TYPE customer_tier AS ENUM ('bronze', 'silver', 'gold');
CREATE TYPE order_status AS ENUM ('placed', 'paid', 'shipped', 'returned');

CREATE TABLE customers (
  id         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  email      text NOT NULL UNIQUE,
  name       text NOT NULL,
  tier       customer_tier NOT NULL DEFAULT 'bronze',
  tags       text[] NOT NULL DEFAULT '{}',
  profile    jsonb NOT NULL DEFAULT '{}',
  active     boolean NOT NULL DEFAULT true,
  created_at timestamptz NOT NULL DEFAULT clock_timestamp()
);

CREATE TABLE products (
  sku        text PRIMARY KEY,
  title      text NOT NULL,
  price      numeric(12, 2) NOT NULL,
  dimensions integer[],
  weight     double precision,
  launched   date
);

CREATE TABLE orders (
  id          uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  customer_id bigint NOT NULL,
  status      order_status NOT NULL DEFAULT 'placed',
  total       numeric(14, 2) NOT NULL DEFAULT 0,
  note        text,
  placed_at   timestamptz NOT NULL DEFAULT clock_timestamp()
);

CREATE TABLE order_lines (
  order_id   uuid NOT NULL,
  line       integer NOT NULL,
  sku        text NOT NULL,
  quantity   integer NOT NULL,
  unit_price numeric(12, 2) NOT NULL,
  PRIMARY KEY (order_id, line)
);

-- A table without a primary key: rows are only ever added.
CREATE TABLE page_views (
  viewed_at   timestamptz NOT NULL DEFAULT clock_timestamp(),
  path        text NOT NULL,
  customer_id bigint,
  duration_ms real
);

INSERT INTO customers (email, name, tier, tags, profile)
SELECT 'customer' || n || '@example.com',
       'Customer ' || n,
       (ARRAY['bronze', 'silver', 'gold'])[1 + n % 3]::customer_tier,
       ARRAY['t' || n % 7, 'group "' || n % 5 || '"'],
       jsonb_build_object('age', 18 + n % 60, 'city', (ARRAY['Zürich', 'São Paulo', '東京'])[1 + n % 3], 'opts', jsonb_build_array(n, null, n % 2 = 0))
FROM generate_series(1, 2000) AS n;

INSERT INTO products (sku, title, price, dimensions, weight, launched)
SELECT 'SKU-' || n, 'Product ' || n || ' 🧺', n * 1.25, ARRAY[n % 10, n % 20, n % 30], n / 7.0, date '2020-01-01' + n
FROM generate_series(1, 500) AS n;

INSERT INTO orders (customer_id, status, total, note)
SELECT 1 + n % 2000, (ARRAY['placed', 'paid', 'shipped'])[1 + n % 3]::order_status, n * 3.10,
       CASE WHEN n % 4 = 0 THEN E'leave at the door\nring twice' END
FROM generate_series(1, 5000) AS n;

INSERT INTO order_lines (order_id, line, sku, quantity, unit_price)
SELECT id, line, 'SKU-' || (1 + (random() * 499)::integer), line, 9.99
FROM orders, generate_series(1, 3) AS line;

INSERT INTO page_views (path, customer_id, duration_ms)
SELECT '/products/SKU-' || n % 500, NULLIF(n % 9, 0), n / 3.0
FROM generate_series(1, 5000) AS n;

-- The prerequisites of source-postgres: a role that may replicate and read, and a publication of the tables.
CREATE ROLE flow_capture WITH LOGIN REPLICATION PASSWORD 'shop-secret';
GRANT USAGE ON SCHEMA public TO flow_capture;
GRANT SELECT ON ALL TABLES IN SCHEMA public TO flow_capture;
CREATE PUBLICATION flow_publication FOR TABLES IN SCHEMA public WITH (publish_via_partition_root = true);
