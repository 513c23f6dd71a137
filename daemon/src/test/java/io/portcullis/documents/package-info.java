/** Tests of what the documents say: links, tables of reasons. */
@org.jspecify.annotations.NullMarked
package io.portcullis.documents;
