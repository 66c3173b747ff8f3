import { z } from 'zod'

/** How a device did when it was held against this machine's CPU, for one model. */
export const deviceTestSchema = z
  .object({
    part: z.enum(['vision', 'language']),
    /** As in `--device`, e.g. `webgpu`. */
    device: z.string(),
    /** The graphics cards, where the runtime names them. */
    hardware: z.string(),
    /** What computes on it, with its version. */
    runtime: z.string(),
    /** The model's name; empty for a driver that crashed without a model. */
    model: z.string(),
    passed: z.boolean(),
    /** Whether it crashed or was lost while it was used, so that there were no results to compare. Defaults to false. */
    crashed: z.boolean().optional(),
    /** Vision only: whether ONNX Runtime's fused attention was right too, or attention has to be written out. */
    attention: z.enum(['fused', 'plain']).optional(),
    /** A sentence: how near it came, or why it is not used. */
    detail: z.string(),
    /** When, in milliseconds since 1970. */
    time: z.number(),
  })
  .strict()
export type DeviceTest = z.infer<typeof deviceTestSchema>
