import type { ControlPlane } from '../../test/support/control-plane.ts';
import { metricSum } from '../../test/support/metrics.ts';

const METRIC = 'apiserver_admission_webhook_admission_duration_seconds';

/** Returns the number of calls of mutating webhooks by the API server, and the time that it has waited for them. */
export async function admissionTime(plane: ControlPlane): Promise<{ calls: number; seconds: number }> {
  const text = String(await plane.must('GET', '/metrics'));
  return { calls: metricSum(text, `${METRIC}_count`), seconds: metricSum(text, `${METRIC}_sum`) };
}
