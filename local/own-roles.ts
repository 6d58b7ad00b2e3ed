/** What our own IAM roles hold, narrower than any that Google has. `local/roles.ts` says who has them, and why. */
export const OWN_ROLES = {
  'strongroom.databaseExporter': [
    'datastore.databases.export',
    'datastore.databases.getMetadata',
    'datastore.backupSchedules.list',
    'datastore.operations.get',
    'datastore.operations.cancel',
  ],
  'strongroom.databaseRestorer': [
    'datastore.databases.create',
    'datastore.databases.delete',
    'datastore.databases.getMetadata',
    'datastore.databases.import',
    'datastore.operations.get',
  ],
  'strongroom.objectLister': ['storage.buckets.get', 'storage.objects.list'],
  'strongroom.backupKeeper': ['storage.buckets.get', 'storage.objects.list', 'storage.objects.delete'],
} as const;
