/**
 * Which file extensions stand for which media type: data that
 * `tests/_support/make_mime_table.ts` has written, with its corrections, from
 * Debian's media-types 10.0.0 and from Apache httpd's docs/conf/mime.types of
 * 2024-09-12, both of which are in the public domain.
 *
 * By top-level type, `subtype:extensions` with the preferred one first. The type
 * of a file whose extension has a `*` here is another one.
 */
export const MIME_TABLE: Record<string, string> = {
  application: `
a2l:a2l aml:aml andrew-inset:ez annodex:anx applixware:aw atf:atf atfx:atfx atom+xml:atom atomcat+xml:atomcat
atomdeleted+xml:atomdeleted atomserv+xml:atomsrv atomsvc+xml:atomsvc atsc-dwd+xml:dwd atsc-held+xml:held
atsc-rsat+xml:rsat atxml:atxml auth-policy+xml:apxml automationml-amlx+zip:amlx bacnet-xdd+zip:xdd bbolin:lin
calendar+xml:xcs cbor:cbor cccex:c3ex ccmp+xml:ccmp ccxml+xml:ccxml cdfx+xml:cdfx cdmi-capability:cdmia
cdmi-container:cdmic cdmi-domain:cdmid cdmi-object:cdmio cdmi-queue:cdmiq cea:cea cellml+xml:cellml,cml
clr:1clr clue_info+xml:clue cms:cmsc cpl+xml:cpl csrattrs:csrattrs cu-seeme:cu cwl:cwl dash+xml:mpd
dashdelta:mpdd davmount+xml:davmount dcd:dcd dicom:dcm dii:dii dit:dit docbook+xml:dbk dskpp+xml:xmls
dsptype:tsp dssc+der:dssc dssc+xml:xdssc dvcs:dvc ecmascript:ecma efi:efi emma+xml:emma
emotionml+xml:emotionml epub+zip:epub exi:exi express:exp fastinfoset:finf fdf:fdf fdt+xml:fdt font-tdpfr:pfr
futuresplash:spl geo+json:geojson geopackage+sqlite3:gpkg gltf-buffer:glbin,glbuf gml+xml:gml gpx+xml:gpx
gxf:gxf gzip:gz hta:hta hyperstudio:stk inkml+xml:ink,inkml ipfix:ipfix its+xml:its java-archive:jar
java-serialized-object:ser java-vm:class javascript:js*,mjs* jrd+json:jrd json:json,map
json-patch+json:json-patch jsonml+json:jsonml ld+json:jsonld lgr+xml:lgr link-format:wlnk lost+xml:lostxml
lostsync+xml:lostsyncxml lpf+zip:lpf lxf:lxf m3g:m3g mac-binhex40:hqx mac-compactpro:cpt mads+xml:mads
manifest+json:webmanifest marc:mrc marcxml+xml:mrcx mathematica:ma,mb,nb* mathml+xml:mml,mathml mbox:mbox
mediaservercontrol+xml:mscml metalink+xml:metalink metalink4+xml:meta4 mets+xml:mets mf4:mf4 mmt-aei+xml:maei
mmt-usd+xml:musd mods+xml:mods mp21:m21,mp21 mp4:mp4s msaccess:mdb msword:doc,dot*,wiz mxf:mxf n-quads:nq
n-triples:nt node:cjs ocsp-request:orq ocsp-response:ors
octet-stream:bin,so,o,a,deploy,msu,msp,dms*,lrf,mar,dist*,distz*,pkg*,bpk,dump,elc oda:oda odx:odx
oebps-package+xml:opf ogg:ogx omdoc+xml:omdoc onenote:one,onetoc2,onetmp,onepkg,onetoc oxps:oxps
p21:p21*,stpnc*,210*,ifc p2p-overlay+xml:relo patch-ops-error+xml:xer* pdf:pdf pdx:pdx
pem-certificate-chain:pem pgp-encrypted:pgp pgp-keys:asc,key* pgp-signature:sig,asc* pics-rules:prf pkcs10:p10
pkcs12:p12,pfx pkcs7-mime:p7m,p7c,p7z pkcs7-signature:p7s pkcs8:p8 pkcs8-encrypted:p8e pkix-attr-cert:ac
pkix-cert:cer pkix-crl:crl pkix-pkipath:pkipath pkixcmp:pki pls+xml:pls*
postscript:ps,ai,eps,epsi,epsf,eps2,eps3 provenance+xml:provx prs.cww:cw,cww prs.hpub+zip:hpub
prs.nprend:rnd,rct prs.rdf-xml-crypt:rdf-crypt prs.xsf+xml:xsf pskc+xml:pskcxml rdf+xml:rdf reginfo+xml:rif
relax-ng-compact-syntax:rnc resource-lists+xml:rl resource-lists-diff+xml:rld rfc+xml:rfcxml
rls-services+xml:rs route-apd+xml:rapd route-s-tsid+xml:sls route-usd+xml:rusd rpki-ghostbusters:gbr
rpki-manifest:mft rpki-roa:roa rsd+xml:rsd rss+xml:rss rtf:rtf sarif+json:sarif
sarif-external-properties+json:sarif-external-properties sbml+xml:sbml scim+json:scim scvp-cv-request:scq
scvp-cv-response:scs scvp-vp-request:spq scvp-vp-response:spp sdp:sdp senml+cbor:senmlc senml+json:senml
senml+xml:senmlx senml-etch+cbor:senml-etchc senml-etch+json:senml-etchj senml-exi:senmle sensml+cbor:sensmlc
sensml+json:sensml sensml+xml:sensmlx sensml-exi:sensmle set-payment-initiation:setpay
set-registration-initiation:setreg sgml-open-catalog:soc shf+xml:shf sieve:siv,sieve simple-filter+xml:cl
smil+xml:smil,smi,sml sparql-query:rq sparql-results+xml:srx sql:sql srgs:gram srgs+xml:grxml sru+xml:sru
ssdl+xml:ssdl ssml+xml:ssml stix+json:stix swid+cbor:coswid swid+xml:swidtag tamp-apex-update:tau
tamp-apex-update-confirm:auc tamp-community-update:tcu tamp-community-update-confirm:cuc tamp-error:ter
tamp-sequence-adjust:tsa tamp-sequence-adjust-confirm:sac tamp-update:tur tamp-update-confirm:tuc
td+json:jsontd tei+xml:tei,teicorpus,odd thraud+xml:tfi timestamp-query:tsq timestamp-reply:tsr
timestamped-data:tsd tm+json:jsontm toml:toml trig:trig ttml+xml:ttml urc-grpsheet+xml:gsheet
urc-ressheet+xml:rsheet urc-targetdesc+xml:td urc-uisocketdesc+xml:uis vnd.1000minds.decision-model+xml:1km
vnd.3gpp.pic-bw-large:plb vnd.3gpp.pic-bw-small:psb vnd.3gpp.pic-bw-var:pvb vnd.3gpp2.sms:sms
vnd.3gpp2.tcap:tcap vnd.3lightssoftware.imagescal:imgcal vnd.3m.post-it-notes:pwn vnd.accpac.simply.aso:aso
vnd.accpac.simply.imp:imp vnd.acucobol:acu vnd.acucorp:atc,acutc
vnd.adobe.air-application-installer-package+zip:air vnd.adobe.flash.movie:swf vnd.adobe.formscentral.fcdt:fcdt
vnd.adobe.fxp:fxp,fxpl vnd.adobe.xdp+xml:xdp vnd.adobe.xfdf:xfdf* vnd.afpc.modca:list3820,listafp,afp,pseg3820
vnd.afpc.modca-overlay:ovl vnd.afpc.modca-pagesegment:psg vnd.age:age vnd.ahead.space:ahead
vnd.airzip.filesecure.azf:azf vnd.airzip.filesecure.azs:azs vnd.amazon.ebook:azw vnd.amazon.mobi8-ebook:azw3
vnd.americandynamics.acc:acc vnd.amiga.ami:ami vnd.android.ota:ota vnd.android.package-archive:apk
vnd.anki:apkg vnd.anser-web-certificate-issue-initiation:cii vnd.anser-web-funds-transfer-initiation:fti
vnd.antix.game-component:atx* vnd.apache.arrow.file:arrow vnd.apache.arrow.stream:arrows
vnd.apexlang:apexlang,apex vnd.apple.installer+xml:pkg,mpkg,dist,distz vnd.apple.keynote:key,keynote
vnd.apple.mpegurl:m3u8 vnd.apple.numbers:numbers vnd.apple.pages:pages vnd.aristanetworks.swi:swi
vnd.artisan+json:artisan vnd.astraea-software.iota:iota vnd.audiograph:aep vnd.autopackage:package
vnd.balsamiq.bmml+xml:bmml vnd.balsamiq.bmpr:bmpr vnd.banana-accounting:ac2 vnd.belightsoft.lhzd+zip:lhzd
vnd.belightsoft.lhzl+zip:lhzl vnd.blueice.multipass:mpm vnd.bluetooth.ep.oob:ep vnd.bluetooth.le.oob:le
vnd.bmi:bmi vnd.businessobjects:rep vnd.cendio.thinlinc.clientconf:tlclient vnd.chemdraw+xml:cdxml
vnd.chess-pgn:pgn vnd.chipnuts.karaoke-mmd:mmd vnd.cinderella:cdy vnd.citationstyles.style+xml:csl
vnd.claymore:cla vnd.cloanto.rp9:rp9 vnd.clonk.c4group:c4g,c4d,c4f,c4p,c4u
vnd.cluetrust.cartomobile-config:c11amc vnd.cluetrust.cartomobile-config-pkg:c11amz vnd.coffeescript:coffee
vnd.collabio.xodocuments.document:xodt vnd.collabio.xodocuments.document-template:xott
vnd.collabio.xodocuments.presentation:xodp vnd.collabio.xodocuments.presentation-template:xotp
vnd.collabio.xodocuments.spreadsheet:xods vnd.collabio.xodocuments.spreadsheet-template:xots
vnd.comicbook+zip:cbz vnd.comicbook-rar:cbr vnd.commerce-battelle:icf,icd,ic0,ic1,ic2,ic3,ic4,ic5,ic6,ic7,ic8
vnd.commonspace:csp,cst vnd.contact.cmsg:cdbcmsg vnd.coreos.ignition+json:ign,ignition vnd.cosmocaller:cmc
vnd.crick.clicker:clkx vnd.crick.clicker.keyboard:clkk vnd.crick.clicker.palette:clkp
vnd.crick.clicker.template:clkt vnd.crick.clicker.wordbank:clkw vnd.criticaltools.wbs+xml:wbs
vnd.crypto-shade-file:ssvc vnd.cryptomator.encrypted:c9r,c9s vnd.cryptomator.vault:cryptomator
vnd.ctc-posml:pml vnd.cups-ppd:ppd vnd.curl.car:car* vnd.curl.pcurl:pcurl vnd.dart:dart
vnd.data-vision.rdz:rdz vnd.datalog:dl vnd.dbf:dbf vnd.debian.binary-package:deb,ddeb,udeb
vnd.dece.data:uvf,uvvf,uvd,uvvd vnd.dece.ttml+xml:uvt,uvvt vnd.dece.unspecified:uvx,uvvx vnd.dece.zip:uvz,uvvz
vnd.denovo.fcselayout-link:fe_launch vnd.desmume.movie:dsm vnd.dna:dna vnd.document+json:docjson
vnd.dolby.mlp:mlp* vnd.doremir.scorecloud-binary-document:scld vnd.dpgraph:dpg,mwc,dpgraph
vnd.dreamfactory:dfac vnd.ds-keypoint:kpxx vnd.dtg.local.flash:fla vnd.dvb.ait:ait vnd.dvb.service:svc
vnd.dynageo:geo vnd.dzr:dzr vnd.ecowin.chart:mag vnd.eln+zip:eln vnd.enliven:nml vnd.epson.esf:esf
vnd.epson.msf:msf vnd.epson.quickanime:qam vnd.epson.salt:slt vnd.epson.ssf:ssf
vnd.ericsson.quickcall:qcall,qca vnd.espass-espass+zip:espass vnd.eszigno3+xml:es3,et3
vnd.etsi.asic-e+zip:asice,sce vnd.etsi.asic-s+zip:asics vnd.etsi.timestamp-token:tst
vnd.eu.kasparian.car+json:carjson vnd.evolv.ecig.profile:ecigprofile vnd.evolv.ecig.settings:ecig
vnd.evolv.ecig.theme:ecigtheme vnd.exstream-empower+zip:mpw vnd.exstream-package:pub vnd.ezpix-album:ez2
vnd.ezpix-package:ez3 vnd.familysearch.gedcom+zip:gdz vnd.fastcopy-disk-image:dim vnd.fdf:fdf*
vnd.fdsn.mseed:msd,mseed vnd.fdsn.seed:seed,dataless vnd.ficlab.flb+zip:flb vnd.filmit.zfc:zfc
vnd.flographit:gph vnd.fluxtime.clip:ftc vnd.font-fontforge-sfd:sfd vnd.framemaker:fm,frame*,maker*,book*
vnd.frogans.fnc:fnc vnd.frogans.ltf:ltf vnd.fsc.weblaunch:fsc vnd.fujitsu.oasys:oas vnd.fujitsu.oasys2:oa2
vnd.fujitsu.oasys3:oa3 vnd.fujitsu.oasysgp:fg5 vnd.fujitsu.oasysprs:bh2 vnd.fujixerox.ddd:ddd
vnd.fujixerox.docuworks:xdw vnd.fujixerox.docuworks.binder:xbd vnd.fujixerox.docuworks.container:xct
vnd.fuzzysheet:fzs vnd.genomatix.tuxedo:txd vnd.genozip:genozip vnd.gentics.grd+json:grd
vnd.gentoo.ebuild:ebuild vnd.gentoo.eclass:eclass vnd.gentoo.xpak:xpak vnd.geogebra.file:ggb
vnd.geogebra.slides:ggs vnd.geogebra.tool:ggt vnd.geometry-explorer:gex,gre vnd.geonext:gxt vnd.geoplan:g2w
vnd.geospace:g3w vnd.gmx:gmx vnd.google-earth.kml+xml:kml vnd.google-earth.kmz:kmz vnd.grafeq:gqf,gqs
vnd.groove-account:gac vnd.groove-help:ghf vnd.groove-identity-message:gim vnd.groove-injector:grv
vnd.groove-tool-message:gtm vnd.groove-tool-template:tpl vnd.groove-vcard:vcg vnd.hal+xml:hal
vnd.handheld-entertainment+xml:zmm vnd.hbci:hbci,hbc,kom,upa,pkd,bpd vnd.hdt:hdt vnd.hhe.lesson-player:les
vnd.hp-hpgl:hpgl vnd.hp-hpid:hpi,hpid vnd.hp-hps:hps vnd.hp-jlyt:jlt vnd.hp-pcl:pcl vnd.hp-pclxl:pclxl
vnd.hydrostatix.sof-data:sfd-hdstx vnd.ibm.electronic-media:emm vnd.ibm.minipay:mpy
vnd.ibm.modcap:afp*,listafp*,list3820* vnd.ibm.rights-management:irm vnd.ibm.secure-container:sc
vnd.iccprofile:icc,icm vnd.igloader:igl vnd.imagemeter.folder+zip:imf vnd.imagemeter.image+zip:imi
vnd.immervision-ivp:ivp vnd.immervision-ivu:ivu vnd.ims.imsccv1p1:imscc vnd.insors.igm:igm
vnd.intercon.formnet:xpw,xpx vnd.intergeo:i2g vnd.intu.qbo:qbo vnd.intu.qfx:qfx vnd.ipld.car:car
vnd.ipunplugged.rcprofile:rcprofile vnd.irepository.package+xml:irp vnd.is-xpr:xpr vnd.isac.fcs:fcs
vnd.jam:jam vnd.jcp.javame.midlet-rms:rms vnd.jisp:jisp vnd.joost.joda-archive:joda vnd.kahootz:ktz,ktr
vnd.kde.karbon:karbon vnd.kde.kchart:chrt vnd.kde.kformula:kfo vnd.kde.kivio:flw vnd.kde.kontour:kon
vnd.kde.kpresenter:kpr,kpt vnd.kde.kspread:ksp vnd.kde.kword:kwd,kwt vnd.kenameaapp:htke vnd.kidspiration:kia
vnd.kinar:kne,knp,sdf vnd.koan:skp,skd,skm,skt vnd.kodak-descriptor:sse vnd.las:las vnd.las.las+json:lasjson
vnd.las.las+xml:lasxml vnd.llamagraphics.life-balance.desktop:lbd
vnd.llamagraphics.life-balance.exchange+xml:lbe vnd.logipipe.circuit+zip:lcs,lca vnd.loom:loom
vnd.lotus-1-2-3:123,wk4,wk3,wk1 vnd.lotus-approach:apr,vew vnd.lotus-freelance:prz,pre
vnd.lotus-notes:nsf,ntf,ndl,ns4,ns3,ns2,nsh,nsg vnd.lotus-organizer:or3,or2,org vnd.lotus-screencam:scm
vnd.lotus-wordpro:lwp,sam vnd.macports.portpkg:portpkg vnd.mapbox-vector-tile:mvt vnd.marlin.drm.mdcf:mdc
vnd.maxar.archive.3tz+zip:3tz vnd.maxmind.maxmind-db:mmdb vnd.mcd:mcd vnd.medcalcdata:mc1
vnd.mediastation.cdkey:cdkey vnd.medicalholodeck.recordxr:rxt vnd.mfer:mwf vnd.mfmp:mfm vnd.micrografx.flo:flo
vnd.micrografx.igx:igx vnd.microsoft.portable-executable:exe,dll vnd.mif:mif vnd.mobius.daf:daf
vnd.mobius.dis:dis vnd.mobius.mbk:mbk vnd.mobius.mqy:mqy vnd.mobius.msl:msl vnd.mobius.plc:plc
vnd.mobius.txf:txf vnd.mophun.application:mpn vnd.mophun.certificate:mpc vnd.mozilla.xul+xml:xul
vnd.ms-3mfdocument:3mf* vnd.ms-artgalry:cil vnd.ms-asf:asf vnd.ms-cab-compressed:cab
vnd.ms-excel:xls,xlm,xla,xlc,xlt,xlw,xlb vnd.ms-excel.addin.macroenabled.12:xlam
vnd.ms-excel.sheet.binary.macroenabled.12:xlsb vnd.ms-excel.sheet.macroenabled.12:xlsm
vnd.ms-excel.template.macroenabled.12:xltm vnd.ms-fontobject:eot vnd.ms-htmlhelp:chm vnd.ms-ims:ims
vnd.ms-lrm:lrm vnd.ms-officetheme:thmx vnd.ms-pki.seccat:cat vnd.ms-pki.stl:stl*
vnd.ms-powerpoint:ppt,pps,pot*,ppa,pwz vnd.ms-powerpoint.addin.macroenabled.12:ppam
vnd.ms-powerpoint.presentation.macroenabled.12:pptm vnd.ms-powerpoint.slide.macroenabled.12:sldm
vnd.ms-powerpoint.slideshow.macroenabled.12:ppsm vnd.ms-powerpoint.template.macroenabled.12:potm
vnd.ms-project:mpp,mpt vnd.ms-tnef:tnef,tnf vnd.ms-word.document.macroenabled.12:docm
vnd.ms-word.template.macroenabled.12:dotm vnd.ms-works:wcm,wdb,wks,wps vnd.ms-wpl:wpl vnd.ms-xpsdocument:xps
vnd.msa-disk-image:msa vnd.mseq:mseq vnd.multiad.creator:crtr vnd.multiad.creator.cif:cif vnd.musician:mus
vnd.muvee.style:msty vnd.mynfc:taglet vnd.nebumind.line:nebul,line vnd.nervana:entity,request,bkm,kcm
vnd.neurolanguage.nlu:nlu vnd.nimn:nimn vnd.nintendo.nitro.rom:nds vnd.nintendo.snes.rom:sfc,smc
vnd.nitf:nitf,ntf* vnd.noblenet-directory:nnd vnd.noblenet-sealer:nns vnd.noblenet-web:nnw
vnd.nokia.n-gage.data:ngdat vnd.nokia.n-gage.symbian.install:n-gage vnd.nokia.radio-preset:rpst
vnd.nokia.radio-presets:rpss vnd.novadigm.edm:edm vnd.novadigm.edx:edx vnd.novadigm.ext:ext
vnd.oasis.opendocument.base:odb vnd.oasis.opendocument.chart:odc vnd.oasis.opendocument.chart-template:otc
vnd.oasis.opendocument.database:odb* vnd.oasis.opendocument.formula:odf
vnd.oasis.opendocument.formula-template:odft vnd.oasis.opendocument.graphics:odg
vnd.oasis.opendocument.graphics-template:otg vnd.oasis.opendocument.image:odi
vnd.oasis.opendocument.image-template:oti vnd.oasis.opendocument.presentation:odp
vnd.oasis.opendocument.presentation-template:otp vnd.oasis.opendocument.spreadsheet:ods
vnd.oasis.opendocument.spreadsheet-template:ots vnd.oasis.opendocument.text:odt
vnd.oasis.opendocument.text-master:odm vnd.oasis.opendocument.text-template:ott
vnd.oasis.opendocument.text-web:oth vnd.olpc-sugar:xo vnd.oma.dd2+xml:dd2 vnd.onepager:tam
vnd.onepagertamp:tamp vnd.onepagertamx:tamx vnd.onepagertat:tat vnd.onepagertatp:tatp vnd.onepagertatx:tatx
vnd.openblox.game+xml:obgx vnd.openblox.game-binary:obg vnd.openeye.oeb:oeb vnd.openofficeorg.extension:oxt
vnd.openstreetmap.data+xml:osm vnd.openxmlformats-officedocument.presentationml.presentation:pptx
vnd.openxmlformats-officedocument.presentationml.slide:sldx
vnd.openxmlformats-officedocument.presentationml.slideshow:ppsx
vnd.openxmlformats-officedocument.presentationml.template:potx
vnd.openxmlformats-officedocument.spreadsheetml.sheet:xlsx
vnd.openxmlformats-officedocument.spreadsheetml.template:xltx
vnd.openxmlformats-officedocument.wordprocessingml.document:docx
vnd.openxmlformats-officedocument.wordprocessingml.template:dotx vnd.osa.netdeploy:ndc
vnd.osgeo.mapguide.package:mgp vnd.osgi.dp:dp vnd.osgi.subsystem:esa vnd.oxli.countgraph:oxlicg
vnd.palm:pdb,pqa,oprc vnd.panoply:plp vnd.patentdive:dive vnd.pawaafile:paw vnd.pg.format:str
vnd.pg.osasli:ei6 vnd.piaccess.application-licence:pil vnd.picsel:efif vnd.pmi.widget:wg vnd.pocketlearn:plf
vnd.powerbuilder6:pbd vnd.preminet:preminet vnd.previewsystems.box:box,vbox vnd.proteus.magazine:mgz
vnd.psfs:psfs vnd.publishare-delta-tree:qps vnd.pvi.ptid1:ptid vnd.qualcomm.brew-app-res:bar
vnd.quark.quarkxpress:qxd,qxt,qwd,qwt,qxl,qxb vnd.quobject-quoxdocument:quox,quiz vnd.rainstor.data:tree
vnd.rar:rar vnd.realvnc.bed:bed vnd.recordare.musicxml:mxl vnd.recordare.musicxml+xml:musicxml
vnd.resilient.logic:rlm,reload vnd.rig.cryptonote:cryptonote vnd.rim.cod:cod vnd.rn-realmedia:rm*
vnd.rn-realmedia-vbr:rmvb vnd.route66.link66+xml:link66 vnd.sailingtracker.track:st vnd.sar:sar
vnd.scribus:scd,sla,slaz vnd.sealed.3df:s3df vnd.sealed.csf:scsf vnd.sealed.doc:sdoc,sdo,s1w
vnd.sealed.eml:seml,sem vnd.sealed.mht:smht,smh vnd.sealed.ppt:sppt,s1p vnd.sealed.tiff:stif
vnd.sealed.xls:sxls,sxl,s1e vnd.sealedmedia.softseal.html:stml,s1h vnd.sealedmedia.softseal.pdf:spdf,spd,s1a
vnd.seemail:see vnd.sema:sema vnd.semd:semd vnd.semf:semf vnd.shade-save-file:ssv
vnd.shana.informed.formdata:ifm vnd.shana.informed.formtemplate:itp vnd.shana.informed.interchange:iif
vnd.shana.informed.package:ipk vnd.shp:shp vnd.shx:shx vnd.sigrok.session:sr vnd.simtech-mindmapper:twd,twds
vnd.smaf:mmf vnd.smart.notebook:notebook vnd.smart.teacher:teacher vnd.snesdev-page-table:ptrom,pt
vnd.software602.filler.form+xml:fo vnd.software602.filler.form-xml-zip:zfo vnd.solent.sdkm+xml:sdkm,sdkd
vnd.spotfire.dxp:dxp vnd.spotfire.sfs:sfs vnd.sqlite3:sqlite,sqlite3 vnd.stardivision.calc:sdc
vnd.stardivision.chart:sds vnd.stardivision.draw:sda vnd.stardivision.impress:sdd vnd.stardivision.math:smf
vnd.stardivision.writer:sdw,vor vnd.stardivision.writer-global:sgl vnd.stepmania.package:smzip
vnd.stepmania.stepchart:sm vnd.sun.wadl+xml:wadl vnd.sun.xml.calc:sxc vnd.sun.xml.calc.template:stc
vnd.sun.xml.draw:sxd vnd.sun.xml.draw.template:std vnd.sun.xml.impress:sxi vnd.sun.xml.impress.template:sti
vnd.sun.xml.math:sxm vnd.sun.xml.writer:sxw vnd.sun.xml.writer.global:sxg vnd.sun.xml.writer.template:stw
vnd.sus-calendar:sus,susp vnd.svd:svd vnd.sybyl.mol2:ml2,mol2,sy2 vnd.sycle+xml:scl
vnd.symbian.install:sis,sisx vnd.syncml+xml:xsm vnd.syncml.dm+wbxml:bdm vnd.syncml.dm+xml:xdm
vnd.syncml.dmddf+xml:ddf vnd.tao.intent-module-archive:tao vnd.tcpdump.pcap:pcap,cap,dmp vnd.theqvd:qvd
vnd.think-cell.ppttc+json:ppttc vnd.tml:vfr,viaframe vnd.tmobile-livetv:tmo vnd.trid.tpt:tpt
vnd.triscape.mxs:mxs vnd.trueapp:tra vnd.ufdl:ufdl,ufd,frm vnd.uiq.theme:utz vnd.umajin:umj vnd.unity:unityweb
vnd.uoml+xml:uoml,uo vnd.uri-map:urim,urimap vnd.valve.source.material:vmt vnd.vcx:vcx
vnd.vd-study:mxi,study-inter,model-inter vnd.vectorworks:vwx vnd.veritone.aion+json:aion,vtnstd
vnd.veryant.thin:istc,isws vnd.ves.encrypted:ves vnd.vidsoft.vidconference:vsc vnd.visio:vsd,vst,vsw,vss
vnd.visionary:vis vnd.vsf:vsf vnd.wap.sic:sic vnd.wap.slc:slc vnd.wap.wbxml:wbxml vnd.wap.wmlc:wmlc
vnd.wap.wmlscriptc:wmlsc vnd.wasmflow.wafl:wafl vnd.webturbo:wtb vnd.wfa.p2p:p2p vnd.wfa.wsc:wsc vnd.wmc:wmc
vnd.wolfram.mathematica:nb vnd.wolfram.mathematica.package:m vnd.wolfram.player:nbp vnd.wordperfect:wpd
vnd.wqd:wqd vnd.wt.stf:stf vnd.wv.csp+wbxml:wv vnd.xara:xar vnd.xfdl:xfdl,xfd vnd.xmpie.cpkg:cpkg
vnd.xmpie.dpkg:dpkg vnd.xmpie.ppkg:ppkg vnd.xmpie.xlim:xlim vnd.yamaha.hv-dic:hvd vnd.yamaha.hv-script:hvs
vnd.yamaha.hv-voice:hvp vnd.yamaha.openscoreformat:osf vnd.yamaha.openscoreformat.osfpvg+xml:osfpvg
vnd.yamaha.smaf-audio:saf vnd.yamaha.smaf-phrase:spf vnd.yaoweme:yme vnd.yellowriver-custom-menu:cmp
vnd.zul:zir,zirz vnd.zzazz.deck+xml:zaz voicexml+xml:vxml voucher-cms+json:vcj wasm:wasm watcherinfo+xml:wif
widget:wgt winhlp:hlp wsdl+xml:wsdl wspolicy+xml:wspolicy x-123:wk x-7z-compressed:7z x-abiword:abw
x-ace-compressed:ace x-apple-diskimage:dmg x-authorware-bin:aab,x32,u32,vox x-authorware-map:aam
x-authorware-seg:aas x-bcpio:bcpio x-bittorrent:torrent x-blorb:blb,blorb x-bzip:bz x-bzip2:bz2,boz
x-cbr:cbr*,cba,cbt,cbz*,cb7 x-cdf:cdf,cda x-cdlink:vcd x-cfs-compressed:cfs x-chat:chat x-chess-pgn:pgn*
x-comsol:mph x-conference:nsc x-cpio:cpio x-csh:csh x-debian-package:deb*,udeb* x-dgc-compressed:dgc
x-director:dcr,dir,dxr,cst*,cct,cxt,w3d,fgd,swa x-doom:wad x-dtbncx+xml:ncx x-dtbook+xml:dtb
x-dtbresource+xml:res x-dvi:dvi x-envoy:evy x-eva:eva x-font:pfa,pfb,gsf x-font-bdf:bdf
x-font-ghostscript:gsf* x-font-linux-psf:psf x-font-pcf:pcf x-font-snf:snf x-font-type1:pfa*,pfb*,pfm,afm
x-freearc:arc x-freemind:mm x-futuresplash:spl* x-ganttproject:gan x-gca-compressed:gca x-glulx:ulx
x-gnumeric:gnumeric x-go-sgf:sgf x-gramps-xml:gramps x-graphing-calculator:gcf x-gtar:gtar
x-gtar-compressed:tgz,taz x-gzip:gz* x-hdf:hdf x-hdf5:h5,hdf5 x-hwp:hwp x-ica:ica x-info:info
x-install-instructions:install x-internet-signup:ins,isp x-iphone:iii x-iso9660-image:iso
x-java-jnlp-file:jnlp x-javascript:js* x-jmol:jmz x-killustrator:kil x-latex:latex x-lha:lha x-lyx:lyx
x-lzh:lzh x-lzh-compressed:lzh*,lha* x-lzx:lzx x-maker:frm*,maker,frame,fm*,fb,book,fbdoc x-mie:mie x-mif:mif*
x-mobipocket-ebook:prc*,mobi x-ms-application:application x-ms-shortcut:lnk x-ms-wmd:wmd x-ms-wmz:wmz
x-ms-xbap:xbap x-msaccess:mdb* x-msbinder:obd x-mscardfile:crd x-msclip:clp x-msdos-program:com,exe*,bat,dll*
x-msdownload:exe*,dll*,com*,bat*,msi* x-msi:msi x-msmediaview:mvb*,m13,m14 x-msmetafile:wmf*,wmz*,emf*,emz
x-msmoney:mny x-mspublisher:pub* x-msschedule:scd* x-msterminal:trm x-mswrite:wri x-netcdf:nc,cdf*
x-ns-proxy-autoconfig:pac x-nwc:nwc x-nzb:nzb x-object:o* x-oz-application:oza x-pkcs12:p12*,pfx*
x-pkcs7-certificates:p7b,spc* x-pkcs7-certreqresp:p7r x-pn-realaudio:ram* x-python-code:pyc,pyo
x-qgis:qgs,shp*,shx* x-quicktimeplayer:qtl x-rar-compressed:rar* x-rdp:rdp x-redhat-package-manager:rpm
x-research-info-systems:ris x-rss+xml:rss* x-ruby:rb x-scilab:sci,sce* x-scilab-xcos:xcos x-sh:sh x-shar:shar
x-shockwave-flash:swf* x-silverlight:scr x-silverlight-app:xap x-sql:sql* x-stuffit:sit,sitx x-stuffitx:sitx*
x-subrip:srt* x-sv4cpio:sv4cpio x-sv4crc:sv4crc x-t3vm-image:t3 x-tads:gam* x-tar:tar x-tcl:tcl x-tex:tex*
x-tex-gf:gf x-tex-pk:pk x-tex-tfm:tfm x-texinfo:texinfo,texi x-tgif:obj* x-trash:~,%,bak,old,sik
x-troff:roff*,t*,tr* x-troff-man:man x-troff-me:me x-troff-ms:ms x-ustar:ustar x-wais-source:src x-wingz:wz
x-x509-ca-cert:crt,der x-xfig:fig x-xliff+xml:xlf* x-xpinstall:xpi x-xz:xz x-yaml:yaml*,yml*
x-zip-compressed:zip* x-zmachine:z1,z2,z3,z4,z5,z6,z7,z8 xaml+xml:xaml xcap-att+xml:xav xcap-caps+xml:xca
xcap-diff+xml:xdf xcap-el+xml:xel xcap-error+xml:xer xcap-ns+xml:xns xenc+xml:xenc xfdf:xfdf
xhtml+xml:xhtml,xhtm,xht xliff+xml:xlf xml:xml,xsd,rng,xsl*,xpdl xml-dtd:dtd,mod
xml-external-parsed-entity:ent xop+xml:xop xproc+xml:xpl xslt+xml:xsl,xslt xspf+xml:xspf
xv+xml:mxml,xhvml,xvml,xvm yaml:yaml,yml yang:yang yin+xml:yin zip:zip zstd:zst
`,
  audio: `
32kadpcm:726 3gpp:3gp*,3gpp* 3gpp2:3g2*,3gpp2* aac:aac,adts,ass ac3:ac3 adpcm:adp amr:amr amr-wb:awb
annodex:axa asc:acn atrac-advanced-lossless:aal atrac-x:atx atrac3:at3,aa3,omg basic:au,snd csound:csd,orc,sco
dls:dls evrc:evc evrc-qcp:qcp evrcb:evb evrcnw:enw evrcwb:evw flac:flac ilbc:lbc l16:l16 m4a:m4a* matroska:mka
mhas:mhas midi:mid,midi,kar,rmi mobile-xmf:mxmf mp3:mp3* mp4:m4a,m4b,mp4a
mpeg:mp3,mpga,mpega,mp1,mp2,mp2a,m2a,m3a mpegurl:m3u ogg:ogg,oga,opus,spx opus:opus* prs.sid:sid,psid s3m:s3m
silk:sil smv:smv sofa:sofa sp-midi:mid* usac:loas,xhe vnd.audiokoz:koz vnd.dece.audio:uva,uvva
vnd.digital-winds:eol vnd.dolby.mlp:mlp vnd.dra:dra vnd.dts:dts vnd.dts.hd:dtshd vnd.everad.plj:plj
vnd.lucent.voice:lvp vnd.ms-playready.media.pya:pya vnd.nortel.vbk:vbk vnd.nuera.ecelp4800:ecelp4800
vnd.nuera.ecelp7470:ecelp7470 vnd.nuera.ecelp9600:ecelp9600 vnd.presonus.multitrack:multitrack vnd.rip:rip
vnd.sealedmedia.softseal.mpeg:smp3,smp,s1m vnd.wave:wav* wav:wav* wave:wav* webm:weba x-aac:aac*
x-aiff:aif,aiff,aifc x-caf:caf x-flac:flac* x-gsm:gsm x-m4a:m4a* x-matroska:mka* x-mp3:mp3* x-mpegurl:m3u*
x-ms-wax:wax x-ms-wma:wma x-pn-realaudio:ra,rm,ram x-pn-realaudio-plugin:rmp x-scpls:pls x-sd2:sd2 x-wav:wav
xm:xm
`,
  chemical: `
x-alchemy:alc x-cache:cac,cache x-cache-csf:csf x-cactvs-binary:cbin,cascii,ctab x-cdx:cdx x-chem3d:c3d
x-chemdraw:chm* x-cif:cif* x-cmdf:cmdf x-cml:cml* x-compass:cpa x-crossfire:bsd x-csml:csml,csm x-ctx:ctx
x-cxf:cxf,cef x-embl-dl-nucleotide:emb,embl x-galactic-spc:spc x-gamess-input:inp,gam,gamin
x-gaussian-checkpoint:fch,fchk x-gaussian-cube:cub x-gaussian-input:gau,gjc,gjf x-gaussian-log:gal
x-gcg8-sequence:gcg x-genbank:gen x-hin:hin x-isostar:istr,ist x-jcamp-dx:jdx,dx x-kinemage:kin
x-macmolecule:mcm x-macromodel-input:mmod x-mdl-molfile:mol x-mdl-rdfile:rd x-mdl-rxnfile:rxn
x-mdl-sdfile:sd,sdf* x-mdl-tgf:tgf x-mmcif:mcif x-molconn-z:b x-mopac-graph:gpt
x-mopac-input:mop,mopcrt,mpc*,zmt x-mopac-out:moo x-mopac-vib:mvb x-ncbi-asn1:asn x-ncbi-asn1-ascii:prt
x-ncbi-asn1-binary:val,aso* x-ncbi-asn1-spec:asn* x-pdb:pdb* x-rosdal:ros x-swissprot:sw x-vamas-iso14976:vms
x-vmd:vmd x-xtel:xtel x-xyz:xyz
`,
  font: `
collection:ttc otf:otf ttf:ttf woff:woff woff2:woff2
`,
  image: `
aces:exr apng:apng avci:avci avcs:avcs avif:avif,hif bmp:bmp,dib cgm:cgm dicom-rle:drle dpx:dpx emf:emf
fits:fits,fit,fts g3fax:g3 gif:gif heic:heic heic-sequence:heics heif:heif heif-sequence:heifs hej2k:hej2
hsj2:hsj2 ief:ief jls:jls jp2:jp2,jpg2 jpeg:jpg,jpeg,jpe,jfif jpg:jpg* jph:jph jphc:jhc,jphc jpm:jpm,jpgm
jpx:jpx,jpf jxl:jxl jxr:jxr jxra:jxra jxrs:jxrs jxs:jxs jxsc:jxsc jxsi:jxsi jxss:jxss ktx:ktx ktx2:ktx2
pjpeg:jpg*,jpeg* png:png prs.btif:btif,btf prs.pti:pti sgi:sgi svg+xml:svg,svgz tiff:tiff,tif tiff-fx:tfx
vnd.adobe.photoshop:psd vnd.airzip.accelerator.azv:azv vnd.dece.graphic:uvi,uvvi,uvg,uvvg vnd.djvu:djvu,djv
vnd.dvb.subtitle:sub vnd.dwg:dwg vnd.dxf:dxf vnd.fastbidsheet:fbs vnd.fpx:fpx vnd.fst:fst
vnd.fujixerox.edmics-mmr:mmr vnd.fujixerox.edmics-rlc:rlc vnd.globalgraphics.pgb:pgb vnd.microsoft.icon:ico
vnd.ms-modi:mdi vnd.ms-photo:wdp vnd.net-fpx:npx vnd.pco.b16:b16 vnd.radiance:hdr,rgbe,xyze
vnd.sealed.png:spng,spn,s1n vnd.sealedmedia.softseal.gif:sgif,sgi*,s1g
vnd.sealedmedia.softseal.jpg:sjpg,sjp,s1j vnd.tencent.tap:tap vnd.valve.source.texture:vtf vnd.wap.wbmp:wbmp
vnd.xiff:xif vnd.zbrush.pcx:pcx webp:webp wmf:wmf x-3ds:3ds x-canon-cr2:cr2 x-canon-crw:crw x-cmu-raster:ras
x-cmx:cmx x-coreldraw:cdr x-coreldrawpattern:pat x-coreldrawtemplate:cdt x-corelphotopaint:cpt*
x-epson-erf:erf x-freehand:fh,fhc,fh4,fh5,fh7 x-icon:ico* x-jg:art x-jng:jng x-mrsid-image:sid* x-ms-bmp:bmp*
x-nikon-nef:nef x-olympus-orf:orf x-pcx:pcx* x-pict:pic,pct x-png:png* x-portable-anymap:pnm
x-portable-bitmap:pbm x-portable-graymap:pgm x-portable-pixmap:ppm x-rgb:rgb x-tga:tga x-xbitmap:xbm x-xcf:xcf
x-xpixmap:xpm x-xwindowdump:xwd
`,
  message: `
global:u8msg global-delivery-status:u8dsn global-disposition-notification:u8mdn global-headers:u8hdr
rfc822:eml,mail,mht,mhtml,art*,mime,nws
`,
  model: `
3mf:3mf gltf+json:gltf gltf-binary:glb iges:igs,iges jt:jt mesh:msh,mesh,silo mtl:mtl obj:obj prc:prc
step:step,stp,stpnc,p21,210 step+xml:stpx step+zip:stpz step-xml+zip:stpxz stl:stl u3d:u3d vnd.cld:cld
vnd.collada+xml:dae vnd.dwf:dwf vnd.gdl:gdl,gsm*,win,dor,lmp,rsm,msm,ism vnd.gtw:gtw vnd.moml+xml:moml
vnd.mts:mts* vnd.opengex:ogex vnd.parasolid.transmit.binary:x_b,xmt_bin
vnd.parasolid.transmit.text:x_t,xmt_txt vnd.pytha.pyox:pyox vnd.sap.vds:vds vnd.usda:usda vnd.usdz+zip:usdz
vnd.valve.source.compiled-map:bsp vnd.vtu:vtu vrml:wrl,vrm,vrml x3d+binary:x3db*,x3dbz x3d+fastinfoset:x3db
x3d+vrml:x3dv*,x3dvz* x3d+xml:x3d,x3dz x3d-vrml:x3dv,x3dvz
`,
  multipart: `
vnd.bint.med-plus:bmed voice-message:vpm
`,
  text: `
cache-manifest:appcache,manifest calendar:ics,ifb cql:cql css:css csv:csv csv-schema:csvs dns:soa,zone
gff3:gff3 html:html,htm,shtml javascript:js,mjs,es jcr-cnd:cnd markdown:md,markdown mizar:miz n3:n3
plain:txt,text,log,conf,pot,brf,srt,def,list,in,ksh provenance-notation:provn prs.fallenstein.rst:rst
prs.lines.tag:tag,dsc richtext:rtx rtf:rtf* sgml:sgml,sgm shaclc:shaclc,shc shex:shex spdx:spdx
tab-separated-values:tsv texmacs:tm troff:t,tr,roff,man*,me*,ms* turtle:ttl uri-list:uri,uris,urls
vcard:vcf,vcard vnd.a:a* vnd.abc:abc vnd.ascii-art:ascii vnd.curl:curl vnd.curl.dcurl:dcurl
vnd.curl.mcurl:mcurl vnd.curl.scurl:scurl vnd.debian.copyright:copyright vnd.dmclientscript:dms
vnd.dvb.subtitle:sub* vnd.esmertec.theme-descriptor:jtd vnd.exchangeable:vfk vnd.familysearch.gedcom:ged
vnd.ficlab.flt:flt vnd.fly:fly vnd.fmi.flexstor:flx vnd.graphviz:gv,dot vnd.hans:hans vnd.hgl:hgl
vnd.in3d.3dml:3dml,3dm vnd.in3d.spot:spot,spo vnd.ms-mediapackage:mpf vnd.net2phone.commcenter.command:ccc
vnd.senx.warpscript:mc2 vnd.sosi:sos vnd.sun.j2me.app-descriptor:jad vnd.trolltech.linguist:ts* vnd.wap.si:si
vnd.wap.sl:sl vnd.wap.wml:wml vnd.wap.wmlscript:wmls vtt:vtt wgsl:wgsl x-asm:s,asm x-bibtex:bib x-boo:boo
x-c:c*,cc*,cxx*,cpp*,h*,hh*,dic x-c++hdr:h++,hpp,hxx,hh x-c++src:c++,cpp,cxx,cc x-chdr:h x-component:htc
x-csh:csh* x-csrc:c x-diff:diff,patch x-dsrc:d x-fortran:f,for,f77,f90 x-haskell:hs x-java:java
x-java-source:java* x-javascript:js* x-lilypond:ly x-literate-haskell:lhs x-markdown:md* x-moc:moc x-nfo:nfo
x-opml:opml x-pascal:p,pas x-pcs-gcd:gcd x-perl:pl,pm x-python:py x-scala:scala x-setext:etx x-sfv:sfv
x-sgml:sgml*,sgm* x-sh:sh* x-tcl:tcl*,tk x-tex:tex,ltx,sty,cls x-uuencode:uu x-vcalendar:vcs x-vcard:vcf*
x-yaml:yaml*,yml* xml:xml* yaml:yaml*,yml*
`,
  video: `
3gpp:3gp,3gpp 3gpp2:3g2,3gpp2 annodex:axv dv:dif,dv fli:fli gl:gl h261:h261 h263:h263 h264:h264
iso.segment:m4s jpeg:jpgv jpm:jpm*,jpgm* matroska:mkv matroska-3d:mk3d mj2:mj2,mjp2 mp2t:ts,mts,m2ts,m2t
mp4:mp4,m4v,mpg4,mp4v mpeg:mpeg,mpg,mpe,m1v,m2v,mpa ogg:ogv quicktime:mov,qt vnd.dece.hd:uvh,uvvh
vnd.dece.mobile:uvm,uvvm vnd.dece.mp4:uvu,uvvu vnd.dece.pd:uvp,uvvp vnd.dece.sd:uvs,uvvs
vnd.dece.video:uvv,uvvv vnd.dvb.file:dvb vnd.fvt:fvt vnd.mpegurl:mxu,m4u vnd.ms-playready.media.pyv:pyv
vnd.nokia.interleaved-multimedia:nim vnd.radgamettools.bink:bik,bk2 vnd.radgamettools.smacker:smk
vnd.sealed.mpeg1:smpg,s11 vnd.sealed.mpeg4:s14 vnd.sealed.swf:sswf,ssw
vnd.sealedmedia.softseal.mov:smov,smo,s1q vnd.uvvu.mp4:uvu*,uvvu* vnd.vivo:viv vnd.youtube.yt:yt webm:webm
x-f4v:f4v x-fli:fli* x-flv:flv x-la-asf:lsf,lsx x-m4v:m4v* x-matroska:mpv,mkv*,mk3d*,mks x-mng:mng
x-ms-asf:asf*,asx x-ms-vob:vob x-ms-wm:wm x-ms-wmv:wmv x-ms-wmx:wmx x-ms-wvx:wvx x-msvideo:avi
x-sgi-movie:movie x-smv:smv*
`,
  "x-conference": `
x-cooltalk:ice
`,
};
