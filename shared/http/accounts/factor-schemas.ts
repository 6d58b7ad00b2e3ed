import { z } from '@hono/zod-openapi';
import { idSchema } from '../../domain/ids.ts';
import { noCardNumber } from '../../domain/card-number.ts';
import { plainLine } from '../../domain/plain-text.ts';
import { PasskeyAssertion, PasskeyAttestation } from '../../factors/passkeys.ts';

const Instant = z.iso.datetime({ precision: 3 });

export const SecondFactor = z
  .strictObject({
    id: z.union([idSchema('totp'), idSchema('passkey')]),
    type: z.enum(['totp', 'passkey']),
    name: z.string().nullable().openapi({ description: 'Of a passkey.' }),
    createdAt: Instant,
    lastUsedAt: Instant.nullable(),
  })
  .openapi('SecondFactor', {
    example: {
      id: 'psk_04h5xq8sdp2v0rnm7ke3t1ycwg',
      type: 'passkey',
      name: 'Laptop',
      createdAt: '2026-11-23T09:00:00.000Z',
      lastUsedAt: null,
    },
  });

export const SecondFactors = z
  .strictObject({
    data: z.array(SecondFactor),
    next: z.null(),
    recoveryCodesLeft: z.int().min(0).max(10),
  })
  .openapi('SecondFactors');

const EXAMPLE_CODES = ['7KQ4-M0TZ-9XEB-2HRW', 'D83N-5VCA-GY61-PJ0S'];

const RecoveryCodes = z
  .array(z.string())
  .openapi({ description: 'Each stands in for a factor once. They are shown now and never again.' });

export const NewRecoveryCodes = z
  .strictObject({ recoveryCodes: RecoveryCodes })
  .openapi('RecoveryCodes', { example: { recoveryCodes: EXAMPLE_CODES } });

export const SessionToken = z
  .string()
  .regex(/^sr_session_[0-9a-f]{64}$/)
  .openapi({ description: 'Shown once. It takes the place of the token that the request was made with.' });

export const AddedFactor = z
  .strictObject({
    factor: SecondFactor,
    recoveryCodes: RecoveryCodes.nullable().openapi({ description: 'With your first factor.' }),
    token: SessionToken.nullable().openapi({
      description:
        'When the sign-in waited for a factor: the token of the whole session, in the place of the one used.',
    }),
  })
  .openapi('AddedFactor', {
    example: {
      factor: {
        id: 'otp_04h5xq8sdp2v0rnm7ke3t1ycwg',
        type: 'totp',
        name: null,
        createdAt: '2026-11-23T09:00:00.000Z',
        lastUsedAt: '2026-11-23T09:00:00.000Z',
      },
      recoveryCodes: EXAMPLE_CODES,
      token: null,
    },
  });

export const TotpEnrolment = z
  .strictObject({
    secret: z.string().openapi({ description: 'Base 32, for typing.' }),
    uri: z.string().openapi({ description: 'For a QR code.' }),
  })
  .openapi('TotpEnrolment', {
    example: {
      secret: 'JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP',
      uri: 'otpauth://totp/Strongroom:owner%40retailer.example?issuer=Strongroom&secret=JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP&algorithm=SHA1&digits=6&period=30',
    },
  });

const TotpCode = z
  .string()
  .regex(/^[0-9]{6}$/, 'not six digits')
  .openapi({ example: '287082' });

export const ConfirmTotp = z.strictObject({ code: TotpCode });

/** The options of `navigator.credentials.create` and `.get`, as `parseCreationOptionsFromJSON` takes them. */
const optionsOf = (description: string, name: string) =>
  z.looseObject({ challenge: z.string() }).openapi(name, { description });

export const PasskeyCreationOptions = optionsOf(
  'PublicKeyCredentialCreationOptionsJSON of WebAuthn. Good once, for five minutes, in this session.',
  'PasskeyCreationOptions',
);
export const PasskeyRequestOptions = optionsOf(
  'PublicKeyCredentialRequestOptionsJSON of WebAuthn. Good once, for five minutes, in this session.',
  'PasskeyRequestOptions',
);
export type PasskeyOptions = z.infer<typeof PasskeyCreationOptions>;

const FROM_A_BROWSER = {
  description: 'What `PublicKeyCredential.toJSON()` gives. Fields that a browser adds are not looked at.',
};
export const CreatedPasskey = z
  .object(PasskeyAttestation.shape)
  .openapi('PasskeyAttestation', FROM_A_BROWSER);
export const UsedPasskey = z.object(PasskeyAssertion.shape).openapi('PasskeyAssertion', FROM_A_BROWSER);

export const NewPasskey = z.strictObject({
  name: z
    .string()
    .max(200)
    .transform(plainLine)
    .pipe(z.string().min(1, 'must have 1 to 60 characters').max(60, 'must have 1 to 60 characters'))
    .refine(...noCardNumber)
    .openapi({ type: 'string', description: 'To tell passkeys apart.', example: 'Laptop' }),
  credential: CreatedPasskey,
});

export const ShowFactor = z
  .strictObject({
    totp: TotpCode.optional(),
    recoveryCode: z.string().min(1).max(40).optional().openapi({ example: EXAMPLE_CODES[0] }),
    passkey: UsedPasskey.optional(),
  })
  .refine((shown) => Object.values(shown).filter((value) => value !== undefined).length === 1, {
    message: 'exactly one of totp, recoveryCode and passkey',
  })
  .openapi('ShowFactor', { description: 'Exactly one of the three.', example: { totp: '287082' } });
export type ShowFactor = z.infer<typeof ShowFactor>;

export const WholeSession = z
  .strictObject({ token: SessionToken, level: z.literal('full') })
  .openapi('WholeSession');

export const factorPath = z.strictObject({ id: z.union([idSchema('totp'), idSchema('passkey')]) });
