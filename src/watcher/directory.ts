/** What is in the directory that the sidecar shares with the application. */
export const SOCKET_NAME = 'members.sock';
export const FILE_NAME = 'members.json';
/** Health and metrics, where no port is to be used. */
export const HEALTH_NAME = 'health.sock';
/** Stays as long as the pod does: the application has been let start. */
export const STARTED_NAME = '.started';
