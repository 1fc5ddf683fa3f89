/**
 * An incident is found by the titles of its first alerts, not only of the one that opened it. Nothing of the schema
 * changes: what those that are stored are found by is folded anew from their logs (`retell` in src/store/models.ts).
 */
export async function up(): Promise<void> {}
