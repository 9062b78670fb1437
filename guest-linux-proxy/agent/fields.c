/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>

#include "agent.h"

bool field_next(struct reader *reader, struct field *field)
{
	struct hvm_field head;

	if ((size_t)(reader->end - reader->at) < sizeof(head))
		return false;
	memcpy(&head, reader->at, sizeof(head));
	if (head.length > (size_t)(reader->end - reader->at) - sizeof(head))
		return false;
	*field = (struct field){.tag = head.tag, .length = head.length, .bytes = reader->at + sizeof(head)};
	reader->at += sizeof(head) + head.length;
	return true;
}

uint32_t field_u32(const struct field *field)
{
	uint32_t value = 0;

	if (field->length == sizeof(value))
		memcpy(&value, field->bytes, sizeof(value));
	return value;
}

uint64_t field_u64(const struct field *field)
{
	uint64_t value = 0;

	if (field->length == sizeof(value))
		memcpy(&value, field->bytes, sizeof(value));
	return value;
}

char *field_text(const struct field *field)
{
	char *text;

	if (memchr(field->bytes, 0, field->length))
		return NULL;
	text = malloc(field->length + 1);
	if (text) {
		memcpy(text, field->bytes, field->length);
		text[field->length] = 0;
	}
	return text;
}

void put_bytes(struct writer *writer, uint16_t tag, const void *bytes, size_t length)
{
	struct hvm_field head = {.tag = tag, .length = (uint32_t)length};

	if (length > sizeof(writer->bytes) - sizeof(head) ||
	    writer->length > sizeof(writer->bytes) - sizeof(head) - length)
		return; /* what does not fit is left out: fields are independent of each other */
	memcpy(writer->bytes + writer->length, &head, sizeof(head));
	memcpy(writer->bytes + writer->length + sizeof(head), bytes, length);
	writer->length += (uint32_t)(sizeof(head) + length);
}

void put_u32(struct writer *writer, uint16_t tag, uint32_t value)
{
	put_bytes(writer, tag, &value, sizeof(value));
}

void put_u64(struct writer *writer, uint16_t tag, uint64_t value)
{
	put_bytes(writer, tag, &value, sizeof(value));
}

void put_text(struct writer *writer, uint16_t tag, const char *text)
{
	put_bytes(writer, tag, text, strlen(text));
}
