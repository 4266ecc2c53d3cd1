/**
 * A payer that pays until it is killed: `payerProcess.ts <store>`. Prints `ask <amount>` before each payment and `pay
 * <bytes>` when it has it.
 */
import { writeSync } from 'node:fs'
import { createPayer } from '@scrip/sdk/channels'
import { sqliteStore } from '@scrip/sdk/store'
import { bytesToHex } from 'viem'
import { channelTo, signer } from './channels.ts'

const [path = ''] = process.argv.slice(2)
const payer = createPayer({ channel: channelTo({}, 2n ** 90n), signer, store: sqliteStore(path) })
for (let turn = 0; ; turn++) {
  const amount = turn % 9 === 8 ? 300n : BigInt(1 + (turn % 4))
  writeSync(1, `ask ${amount}\n`)
  writeSync(1, `pay ${bytesToHex(await payer.pay(amount))}\n`)
}
