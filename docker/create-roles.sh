#!/bin/sh
# Creates the two database roles and the database they share. The PostgreSQL image runs this once, on an
# empty data folder; on any other server run it by hand as a superuser (PGHOST, PGUSER ... as usual).
# Neither role may pass by row security; the application's role owns nothing at all.
set -eu

: "${PORTAL_OWNER_PASSWORD:?}" "${PORTAL_APP_PASSWORD:?}"

psql --no-psqlrc --quiet --set ON_ERROR_STOP=1 --username "${POSTGRES_USER:-postgres}" --dbname postgres <<'SQL'
\getenv owner_password PORTAL_OWNER_PASSWORD
\getenv app_password PORTAL_APP_PASSWORD
CREATE ROLE portal_owner LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOBYPASSRLS PASSWORD :'owner_password';
CREATE ROLE portal_app LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOBYPASSRLS PASSWORD :'app_password';
CREATE DATABASE portal OWNER portal_owner;
REVOKE ALL ON DATABASE portal FROM PUBLIC;
GRANT CONNECT, TEMPORARY ON DATABASE portal TO portal_app;
SQL
