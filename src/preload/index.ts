import { contextBridge } from 'electron'
import type { Bridge } from '../shared/bridge.ts'

const bridge: Bridge = { platform: process.platform }

contextBridge.exposeInMainWorld('tarsier', bridge)
