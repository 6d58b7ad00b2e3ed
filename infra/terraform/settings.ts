import { z } from 'zod';

const ProjectId = z.string().regex(/^[a-z][a-z0-9-]{4,28}[a-z0-9]$/, 'not the id of a project');
const Region = z.string().regex(/^[a-z]+-[a-z]+\d+$/, 'not a region, such as europe-west1');
/** Firestore's, Cloud Storage's and KMS's names of places differ, and each has regions too. */
const Place = z.string().regex(/^[a-z0-9-]{2,30}$/i, 'not a location');
const Member = z
  .string()
  .regex(/^(?:group|user):[^@\s]+@[^@\s]+$/, 'not group:… or user:…, as IAM names members');

/**
 * What makes one hub another than the next: `hub.json`, written by whoever runs it. No secret is in it. What is not named
 * here is the same everywhere, and comes from the tables that the hub on one machine runs by.
 */
export const Settings = z
  .strictObject({
    project: ProjectId,
    /** Keeps copies of backups and the recovery key. Nobody but its own people should own it. */
    offsiteProject: ProjectId,
    region: Region,
    /** Of a region that is another one than `region`, where the offsite project runs its two functions. */
    offsiteRegion: Region,
    locations: z.strictObject({
      /** Of the three databases, such as `eur3`. */
      databases: Place,
      /** Of both key rings. HSM keys are needed there. */
      keys: Place,
      /** Of buckets beside the databases: several regions, close to the databases. */
      buckets: z.enum(['EU', 'US', 'ASIA']),
      /** Of the offsite project's. */
      offsite: Place,
    }),
    /** The host at which the hub answers. */
    domain: z.hostname(),
    /** A domain above it that passkeys are made for. */
    relyingParty: z.hostname().optional(),
    mailFrom: z.email(),
    /** Gets each alarm by mail. */
    alarms: z.email(),
    /** Who holds rights on keys, and on nothing else. */
    securityOfficers: Member,
    /** Who may act as the commands that operators run. */
    operators: Member,
    /** The one app at Shopify; without it no shop there can be connected. */
    shopifyClientId: z
      .string()
      .regex(/^[\w-]+$/)
      .optional(),
    /** Which of Stripe's keys there are; without any, nobody is billed. */
    stripe: z
      .strictObject({
        keys: z
          .array(z.enum(['live', 'test']))
          .min(1)
          .max(2),
        feeBasisPoints: z.int().min(0).max(5000),
      })
      .optional(),
  })
  .refine(({ project, offsiteProject }) => project !== offsiteProject, {
    path: ['offsiteProject'],
    message: 'is the project itself: its copies would be lost with it',
  })
  .refine(({ locations }) => locations.offsite.toUpperCase() !== locations.buckets, {
    path: ['locations', 'offsite'],
    message: 'is where the buckets are',
  })
  .refine(({ region, offsiteRegion }) => region !== offsiteRegion, {
    path: ['offsiteRegion'],
    message: 'is the region itself',
  });
export type Settings = z.infer<typeof Settings>;
