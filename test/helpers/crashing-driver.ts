import { existsSync } from 'node:fs'

/** SwiftShader as Debian's Chromium contains it: a Vulkan driver on the CPU, on which llama.cpp crashes. */
const SWIFTSHADER = '/usr/lib/chromium/vk_swiftshader_icd.json'

/** Environment in which llama.cpp's only Vulkan device crashes; null if the driver is not installed. */
export function crashingDriver(): Readonly<Record<string, string>> | null {
  if (!existsSync(SWIFTSHADER)) return null
  // llama.cpp skips devices of the kind CPU unless they are named.
  return { VK_DRIVER_FILES: SWIFTSHADER, VK_ICD_FILENAMES: SWIFTSHADER, GGML_VK_VISIBLE_DEVICES: '0' }
}
