import { addresses } from '@scrip/sdk/chain'
import type { Hex } from 'viem'
import { foundry } from 'viem/chains'

/** A voucher as somebody writes it without this SDK: a total, and no ticks. */
export const naiveTypedData = (channelId: Hex, total: bigint) =>
  ({
    domain: { name: 'Payments', version: '1', chainId: foundry.id, verifyingContract: addresses.paymentChannels },
    types: {
      Voucher: [
        { name: 'channelId', type: 'bytes32' },
        { name: 'total', type: 'uint96' },
      ],
    },
    primaryType: 'Voucher',
    message: { channelId, total },
  }) as const
