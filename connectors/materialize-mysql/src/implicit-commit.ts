// Statements by which the server commits an open transaction without being asked to (MySQL manual, "Statements That
// Cause an Implicit Commit"). Rows would then be kept without their checkpoint, so none of them may run between BEGIN and
// the commit. Of tables, only CREATE and DROP of temporary ones are exempt; TRUNCATE and ALTER commit even on those.

const committing =
  /^(?:ALTER|ANALYZE|BEGIN|CACHE|CHANGE|CHECK|CREATE|DROP|FLUSH|GRANT|IMPORT|INSTALL|LOAD\s+INDEX|LOCK|OPTIMIZE|PURGE|RENAME|REPAIR|RESET|REVOKE|SET\s+PASSWORD|SET\s+(?:SESSION\s+)?autocommit|START|STOP|TRUNCATE|UNINSTALL|UNLOCK)\b/i;
const temporary = /^(?:CREATE|DROP)\s+TEMPORARY\s/i;

export function commitsImplicitly(statement: string): boolean {
  const text = withoutComments(statement);
  return committing.test(text) && !temporary.test(text);
}

/** Comments before a statement do not change what it does. */
function withoutComments(statement: string): string {
  return statement.replace(
    /^(?:\s|--[^\n]*(?:\n|$)|#[^\n]*(?:\n|$)|\/\*[^!M][\s\S]*?\*\/)*(?:\/\*M?!\d*\s*)?/,
    '',
  );
}
