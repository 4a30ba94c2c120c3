/**
 * The part of client-node that is used, in a file of its own that is imported when a kubeconfig is read. Since this
 * file names the class, the bundler leaves out the models of the package, which are most of it.
 */
export { KubeConfig } from '@kubernetes/client-node';
