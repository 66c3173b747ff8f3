import { predictionOf } from '../../../helpers/predictions.ts'

/** Descriptions that all lead to different questions to a judge. */
export const numberedPredictions = Array.from({ length: 60 }, (_, idx) =>
  predictionOf({
    dataset: 'DREAM/animation',
    idx,
    prediction: `cat ${idx} jumps. dog ${idx} barks`,
    reference: `cat ${idx} jumps`,
    extraInfo: { events: [`cat ${idx} jumps`, `cow ${idx} moos`] },
  }),
)
