# SPDX-License-Identifier: MIT
# The sample mailbox of tmail --demo; data/demo/README says what is in it.
demodir = $(pkgdatadir)/demo
dist_demo_DATA = data/demo/README
demoinboxdir = $(pkgdatadir)/demo/INBOX
dist_demoinbox_DATA = data/demo/INBOX/flags \
	data/demo/INBOX/001.eml \
	data/demo/INBOX/002.eml \
	data/demo/INBOX/003.eml \
	data/demo/INBOX/004.eml \
	data/demo/INBOX/005.eml \
	data/demo/INBOX/006.eml \
	data/demo/INBOX/007.eml \
	data/demo/INBOX/008.eml \
	data/demo/INBOX/009.eml \
	data/demo/INBOX/010.eml \
	data/demo/INBOX/011.eml \
	data/demo/INBOX/012.eml \
	data/demo/INBOX/013.eml \
	data/demo/INBOX/014.eml \
	data/demo/INBOX/015.eml \
	data/demo/INBOX/016.eml \
	data/demo/INBOX/017.eml \
	data/demo/INBOX/018.eml \
	data/demo/INBOX/019.eml \
	data/demo/INBOX/020.eml \
	data/demo/INBOX/021.eml \
	data/demo/INBOX/022.eml \
	data/demo/INBOX/023.eml \
	data/demo/INBOX/024.eml \
	data/demo/INBOX/025.eml \
	data/demo/INBOX/026.eml \
	data/demo/INBOX/027.eml \
	data/demo/INBOX/028.eml \
	data/demo/INBOX/029.eml \
	data/demo/INBOX/030.eml \
	data/demo/INBOX/031.eml \
	data/demo/INBOX/032.eml \
	data/demo/INBOX/033.eml \
	data/demo/INBOX/034.eml \
	data/demo/INBOX/035.eml \
	data/demo/INBOX/036.eml \
	data/demo/INBOX/037.eml \
	data/demo/INBOX/038.eml \
	data/demo/INBOX/039.eml
demosentdir = $(pkgdatadir)/demo/Sent
dist_demosent_DATA = data/demo/Sent/flags \
	data/demo/Sent/001.eml \
	data/demo/Sent/002.eml \
	data/demo/Sent/003.eml \
	data/demo/Sent/004.eml \
	data/demo/Sent/005.eml \
	data/demo/Sent/006.eml
demoarchivedir = $(pkgdatadir)/demo/Archive
dist_demoarchive_DATA = data/demo/Archive/flags \
	data/demo/Archive/001.eml \
	data/demo/Archive/002.eml \
	data/demo/Archive/003.eml \
	data/demo/Archive/004.eml \
	data/demo/Archive/005.eml \
	data/demo/Archive/006.eml \
	data/demo/Archive/007.eml
demotmaildeveldir = $(pkgdatadir)/demo/Lists/tmail-devel
dist_demotmaildevel_DATA = data/demo/Lists/tmail-devel/flags \
	data/demo/Lists/tmail-devel/001.eml \
	data/demo/Lists/tmail-devel/002.eml \
	data/demo/Lists/tmail-devel/003.eml \
	data/demo/Lists/tmail-devel/004.eml \
	data/demo/Lists/tmail-devel/005.eml \
	data/demo/Lists/tmail-devel/006.eml \
	data/demo/Lists/tmail-devel/007.eml \
	data/demo/Lists/tmail-devel/008.eml \
	data/demo/Lists/tmail-devel/009.eml \
	data/demo/Lists/tmail-devel/010.eml \
	data/demo/Lists/tmail-devel/011.eml \
	data/demo/Lists/tmail-devel/012.eml \
	data/demo/Lists/tmail-devel/013.eml
# An example: where units lie is for the system to say, and whether there is systemd.
dist_pkgdata_DATA = data/tmaild.service
# tmail --demo finds the sample mailbox beside itself, also where the build has a folder of its own.
noinst_DATA += data/demo-linked
data/demo-linked:
	@$(MKDIR_P) data
	@test -e data/demo || $(LN_S) $(abs_top_srcdir)/data/demo data/demo
	@echo linked >$@
distclean-local:
	-rm -f data/demo-linked
	-if test -L data/demo; then rm -f data/demo; fi
