/** Tests of the documents: links, tables of reasons. */
@org.jspecify.annotations.NullMarked
package io.portcullis.documents;
