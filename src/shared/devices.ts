/** `auto` takes the first device that works; any other name must work or the load fails with `device-unavailable`. */
export const deviceChoices = ['auto', 'cpu', 'cuda', 'vulkan', 'metal', 'dml', 'coreml', 'webgpu'] as const
export type DeviceChoice = (typeof deviceChoices)[number]
