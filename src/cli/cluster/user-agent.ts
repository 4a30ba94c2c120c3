import packageJson from '../../../package.json' with { type: 'json' };

/** The name that the API server's audit log has for the requests of the command line. */
export const USER_AGENT = `rollcall-cli/${packageJson.version}`;
