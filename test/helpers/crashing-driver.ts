import { existsSync } from 'node:fs'

/** SwiftShader as Debian's Chromium carries it: a Vulkan driver on the CPU, with which llama.cpp crashes. */
const SWIFTSHADER = '/usr/lib/chromium/vk_swiftshader_icd.json'

/** Environment in which llama.cpp's only Vulkan device is one that it crashes on; null where that driver is not installed. */
export function crashingDriver(): Readonly<Record<string, string>> | null {
  if (!existsSync(SWIFTSHADER)) return null
  // llama.cpp passes over devices of the kind CPU unless they are named.
  return { VK_DRIVER_FILES: SWIFTSHADER, VK_ICD_FILENAMES: SWIFTSHADER, GGML_VK_VISIBLE_DEVICES: '0' }
}
