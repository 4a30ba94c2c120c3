/**
 * All that is used of client-node, in a file of its own that is imported when a kubeconfig is read: named here,
 * and not taken from a namespace that was imported, the bundler leaves out its models, which are most of it.
 */
export { KubeConfig } from '@kubernetes/client-node';
