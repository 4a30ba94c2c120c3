/**
 * Tells by the keys of its annotations and labels whether Argo CD manages the webhook configuration. Argo CD never
 * deletes an object that has an owner, so with one the configuration would outlive an application that is deleted. Its
 * marks are keys of its own, or the label `instance`, which neither the manifests nor Helm set on the configuration.
 */
export function isOfArgo(keys: readonly string[]): boolean {
  return keys.some((key) => key.startsWith('argocd.argoproj.io/') || key === 'app.kubernetes.io/instance');
}
