// Owns the token of the dashboard that the environment may give, for programs that ask for its metrics.

const TOKEN_VARIABLE = 'YARDMASTER_DASHBOARD_TOKEN';

/** The token, taken out of the process: task modules and the programs that they start have no use for it. */
export function takeDashboardToken(environment: Readonly<Record<string, string | undefined>>): string | undefined {
  const token = environment[TOKEN_VARIABLE];
  delete process.env[TOKEN_VARIABLE];
  return token === '' ? undefined : token;
}
