// What streams should end with, from the tables of the fake.

import type { FakeTruth } from '@weir/cdk/testing';
import { capturedProperty, documentOf, kinds, withHistory } from './fake-crm.ts';
import { paths } from './fake-hubspot.ts';
import {
  contactListsOf,
  emailEventOf,
  marketingEventOf,
  memberOf,
  membersList,
  ownerOf,
  participantsOf,
  pipelineOf,
  rowOfUpdate,
  submissionOf,
  submissionsList,
  submittedRow,
  workflowOf,
} from './fake-lists.ts';

export const truths = {
  contacts: { lists: [paths.contacts], rows: (row) => [documentOf(kinds.contacts, row)] },
  custom_cars: { lists: [paths.cars], rows: (row) => [documentOf(kinds.cars, row)] },
  engagements: { lists: [paths.engagements], rows: (row) => [documentOf(kinds.engagements, row)] },
  email_events: { lists: [paths.emailEvents], rows: (row) => [emailEventOf(row)] },
  form_submissions: {
    lists: paths.submissions,
    rowsOf: (list, row) => [submissionOf(list, row)],
    idOf: submittedRow,
    listOf: submissionsList,
  },
  contact_list_memberships: {
    lists: paths.members,
    rowsOf: (list, row) => [memberOf(list, row)],
    idOf: ({ recordId }) => Number(recordId),
    listOf: membersList,
  },
  contact_lists: { lists: [paths.lists], rows: contactListsOf, idOf: ({ listId }) => Number(listId) },
  marketing_emails: { lists: [paths.emails], rows: (row) => [rowOfUpdate(row)] },
  campaigns: { lists: [paths.campaigns], rows: (row) => [rowOfUpdate(row)] },
  workflows: { lists: [paths.workflows], rows: (row) => [workflowOf(row)] },
  owners: { lists: [paths.owners], rows: (row) => [ownerOf(row)] },
  deal_pipelines: { lists: [paths.pipelines], rows: (row) => [pipelineOf(row)] },
  properties: { lists: paths.properties, rowsOf: (list, row) => [capturedProperty(list, row)] },
  marketing_events: { lists: [paths.marketingEvents], rows: (row) => [marketingEventOf(row)] },
  marketing_event_participants: { lists: [paths.marketingEvents], rows: participantsOf },
} satisfies Record<string, FakeTruth>;

export const historic = {
  contacts: {
    lists: [paths.contacts],
    rows: (row) => [withHistory(documentOf(kinds.contacts, row), row)],
  },
} satisfies Record<string, FakeTruth>;
